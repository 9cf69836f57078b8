//! One strict pass over a JSON text: what serde takes silently (members named twice, absurd depth, a million
//! tiny members, control characters) is refused with its place, before any type is looked at.

use crate::problem::{Kind, kinds};
use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

/// Deepest nesting of objects and arrays.
pub const DEPTH_MAX: usize = 32;
/// Most members and items of the whole body.
pub const MEMBERS_MAX: usize = 1_000;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of problem.
    pub kind: &'static Kind,
    /// JSON pointer (RFC 6901) of the place.
    pub pointer: String,
}

/// Parses one JSON value.
pub fn parse(text: &str) -> Result<Value, Fault> {
    let mut scan = Scan { path: Vec::new(), members: 0, fault: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = Strict(&mut scan).deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    parsed.map_err(|_| {
        let pointer = pointer(&scan.path);
        scan.fault.unwrap_or(Fault { kind: &kinds::NOT_JSON, pointer })
    })
}

/// RFC 6901 text of a path.
pub fn pointer<'a>(path: impl IntoIterator<Item = &'a String>) -> String {
    path.into_iter()
        .fold(String::new(), |text, step| text + "/" + &step.replace('~', "~0").replace('/', "~1"))
}

struct Scan {
    path: Vec<String>,
    members: usize,
    fault: Option<Fault>,
}

impl Scan {
    fn fail<E: serde::de::Error>(&mut self, kind: &'static Kind) -> E {
        self.fault = Some(Fault { kind, pointer: pointer(&self.path) });
        E::custom(kind.code)
    }

    fn count<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.members += 1;
        if self.members > MEMBERS_MAX { Err(self.fail(&kinds::TOO_MANY_MEMBERS)) } else { Ok(()) }
    }

    fn check_text<E: serde::de::Error>(&mut self, text: &str) -> Result<(), E> {
        let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        if text.contains(forbidden) { Err(self.fail(&kinds::CONTROL_CHARACTER)) } else { Ok(()) }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.path.len() >= DEPTH_MAX { Err(self.fail(&kinds::TOO_DEEP)) } else { Ok(()) }
    }
}

struct Strict<'a>(&'a mut Scan);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.0.check_text(value)?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let scan = self.0;
        scan.enter()?;
        let mut array = Vec::new();
        scan.path.push("0".to_owned());
        while let Some(item) = items.next_element_seed(Strict(scan))? {
            scan.count()?;
            array.push(item);
            scan.path.pop();
            scan.path.push(array.len().to_string());
        }
        scan.path.pop();
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let scan = self.0;
        scan.enter()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            scan.path.push(name.clone());
            scan.count()?;
            scan.check_text(&name)?;
            if object.contains_key(&name) {
                return Err(scan.fail(&kinds::DUPLICATE_MEMBER));
            }
            let value = members.next_value_seed(Strict(scan))?;
            object.insert(name, value);
            scan.path.pop();
        }
        Ok(Value::Object(object))
    }
}
