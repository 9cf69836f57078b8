//! `devportal demo`: the three people's journeys, played over HTTP against a real server.

pub mod mail;
pub mod smtp_sink;
