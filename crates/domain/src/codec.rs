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
    /// The payload does not have the shape of its type and schema.
    #[error("payload of {stored_type} schema {schema} does not fit")]
    Payload {
        /// As stored.
        stored_type: String,
        /// As stored.
        schema: u16,
        /// The JSON error; it never quotes values of sealed fields.
        #[source]
        source: serde_json::Error,
    },
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
                    $(Self::$variant(payload) => serde_json::to_vec(payload).map_err(|source| {
                        $crate::codec::CodecError::Payload { stored_type: $name.to_owned(), schema: $schema, source }
                    }),)+
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
