//! Messages of `envoy.service.ratelimit.v3`, as far as they are used here. Fields left out are skipped when
//! they are read, as protocol buffers provide for.

/// What Envoy asks.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitRequest {
    /// Name of the configuration in Envoy; not looked at.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Exactly one: the call.
    #[prost(message, repeated, tag = "2")]
    pub descriptors: Vec<RateLimitDescriptor>,
    /// Units that the call takes; 0 stands for 1.
    #[prost(uint32, tag = "3")]
    pub hits_addend: u32,
}

/// What Envoy says of a call (`envoy.extensions.common.ratelimit.v3`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitDescriptor {
    /// Pairs made by the actions of the route.
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<Entry>,
    /// Takes the place of the request's.
    #[prost(message, optional, tag = "3")]
    pub hits_addend: Option<UInt64Value>,
}

/// One pair.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Entry {
    /// Name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Value. A string by definition, but Envoy puts in whatever bytes a client sent in a header.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `google.protobuf.UInt64Value`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct UInt64Value {
    /// The number.
    #[prost(uint64, tag = "1")]
    pub value: u64,
}

/// What Envoy is answered.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitResponse {
    /// May the call pass?
    #[prost(enumeration = "Code", tag = "1")]
    pub overall_code: i32,
    /// One, for the descriptor.
    #[prost(message, repeated, tag = "2")]
    pub statuses: Vec<DescriptorStatus>,
    /// Goes with the answer to the client.
    #[prost(message, repeated, tag = "3")]
    pub response_headers_to_add: Vec<HeaderValue>,
    /// Goes with the call to the API.
    #[prost(message, repeated, tag = "4")]
    pub request_headers_to_add: Vec<HeaderValue>,
    /// Body of the answer to a client whose call may not pass.
    #[prost(bytes = "vec", tag = "5")]
    pub raw_body: Vec<u8>,
}

/// What is answered to one descriptor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DescriptorStatus {
    /// May it pass?
    #[prost(enumeration = "Code", tag = "1")]
    pub code: i32,
    /// Units left.
    #[prost(uint32, tag = "3")]
    pub limit_remaining: u32,
    /// Until more is free.
    #[prost(message, optional, tag = "4")]
    pub duration_until_reset: Option<Duration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Duration {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
}

/// A header (`envoy.config.core.v3`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct HeaderValue {
    /// Name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// May it pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Code {
    /// It was not asked.
    Unknown = 0,
    /// It may.
    Ok = 1,
    /// It may not.
    OverLimit = 2,
}
