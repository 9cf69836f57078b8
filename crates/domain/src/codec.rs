//! From typed events to stored payloads and back.
//!
//! Adding an optional field keeps the schema. A renamed or retyped field is a new schema with an
//! upcaster on JSON; a new meaning is a new event type. Nothing shipped is ever reused or removed.

/// Why a stored event can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Written by a newer program, or not an event of this aggregate.
    #[error("unknown event type {stored_type} schema {schema}")]
    Unknown {
        /// As stored.
        stored_type: String,
        /// As stored.
        schema: u16,
    },
    /// The payload does not have the shape of its type and schema. The JSON error itself is left out: it
    /// quotes what it read.
    #[error("payload of {stored_type} schema {schema} does not fit at column {column} ({category:?})")]
    Payload {
        /// As stored.
        stored_type: String,
        /// As stored.
        schema: u16,
        /// Where reading stopped.
        column: usize,
        /// Whether it is no JSON, ends too early, or is JSON of another shape.
        category: serde_json::error::Category,
    },
}

impl CodecError {
    /// A payload that does not fit, without a word of it.
    pub fn payload(stored_type: &str, schema: u16, error: &serde_json::Error) -> Self {
        Self::Payload {
            stored_type: stored_type.to_owned(),
            schema,
            column: error.column(),
            category: error.classify(),
        }
    }
}

/// Implements [`StoredEvent`](crate::decider::StoredEvent) for an enum whose variants each hold one payload struct.
///
/// `Variant = "category.snake_past" @ schema;` Payload structs give their subjects by `fn subjects(&self)`.
#[macro_export]
macro_rules! stored_events {
    ($event:ident { $($variant:ident = $name:literal @ $schema:literal;)+ }) => {
        impl $crate::decider::StoredEvent for $event {
            fn stored_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }
            fn schema(&self) -> u16 {
                match self { $(Self::$variant(_) => $schema,)+ }
            }
            fn encode(&self) -> Result<Vec<u8>, $crate::codec::CodecError> {
                match self {
                    $(Self::$variant(payload) => serde_json::to_vec(payload)
                        .map_err(|error| $crate::codec::CodecError::payload($name, $schema, &error)),)+
                }
            }
            fn decode(stored_type: &str, schema: u16, payload: &[u8]) -> Result<Self, $crate::codec::CodecError> {
                match (stored_type, schema) {
                    $(($name, $schema) => {
                        $crate::decider::decode_payload(stored_type, schema, payload).map(Self::$variant)
                    })+
                    _ => Err($crate::codec::CodecError::Unknown { stored_type: stored_type.to_owned(), schema }),
                }
            }
            fn stored_types() -> &'static [(&'static str, u16)] {
                &[$(($name, $schema)),+]
            }
            fn subjects(&self) -> Vec<$crate::ids::SubjectId> {
                match self { $(Self::$variant(payload) => $crate::sealed::Subjects::subjects(payload),)+ }
            }
        }
    };
}

#[cfg(test)]
mod tests;
