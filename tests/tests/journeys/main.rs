//! The journeys of the three people, and the demo that plays them.

mod browser;
mod demo;
mod people;
mod records;
