//! Pairs from any `Serialize`: a struct or map of flat values, or a list of pairs.
//!
//! Owns the serializer. Does not own how a value reads as text (`query/value.rs`).

use std::fmt;

use serde::ser::{self, Serialize};

use super::QueryValue;
use crate::error::{Error, Result};

type Pairs = Vec<(String, String)>;

/// The pairs of a value, not grouped.
pub(super) fn pairs<T: Serialize + ?Sized>(value: &T) -> Result<Pairs> {
    let mut out = Vec::new();
    value
        .serialize(Flat {
            out: &mut out,
            place: Place::Top,
        })
        .map_err(|Refused(message)| Error::local(message))?;
    Ok(out)
}

/// What the value stands for.
#[derive(Clone)]
enum Place {
    /// All of the parameters.
    Top,
    /// One pair of a list of pairs.
    Pair,
    /// A key; goes out with an empty value.
    Key,
    /// What belongs to a key.
    Value(String),
    /// One of the list that belongs to a key.
    Item(String),
}

/// Writes what it is given to `out`; structure below a key's list is refused.
struct Flat<'a> {
    out: &'a mut Pairs,
    place: Place,
}

impl Flat<'_> {
    fn scalar(self, value: impl QueryValue) -> Done {
        let (key, out) = match self.place {
            Place::Value(key) | Place::Item(key) => (Some(key), self.out),
            Place::Key => (None, self.out),
            Place::Top | Place::Pair => {
                return refuse("parameters must be a struct, a map or a list of pairs");
            }
        };
        value.each(&mut |text| {
            out.push(match &key {
                Some(key) => (key.clone(), text.to_owned()),
                None => (text.to_owned(), String::new()),
            });
        });
        Ok(())
    }
}

impl<'a> Flat<'a> {
    fn list(self) -> Result<Compound<'a>, Refused> {
        match self.place {
            Place::Top | Place::Pair | Place::Value(_) => Ok(Compound {
                flat: self,
                key: None,
                complete: false,
            }),
            Place::Key | Place::Item(_) => refuse("a parameter cannot hold a list of lists"),
        }
    }

    fn map(self) -> Result<Compound<'a>, Refused> {
        match self.place {
            Place::Top => Ok(Compound {
                flat: self,
                key: None,
                complete: false,
            }),
            _ => refuse("a parameter cannot hold a struct or a map"),
        }
    }
}

type Done = Result<(), Refused>;

/// Why a value cannot be parameters.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

fn refuse<T>(message: &str) -> Result<T, Refused> {
    Err(Refused(message.to_owned()))
}

macro_rules! scalars {
    ($($method:ident $value:ty;)+) => {$(
        fn $method(self, value: $value) -> Done {
            self.scalar(value)
        }
    )+};
}

impl<'a> ser::Serializer for Flat<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = ser::Impossible<(), Refused>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = ser::Impossible<(), Refused>;

    scalars! {
        serialize_bool bool;
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_i128 i128;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
        serialize_u128 u128;
        serialize_f32 f32;
        serialize_f64 f64;
        serialize_char char;
        serialize_str &str;
    }

    fn serialize_bytes(self, _: &[u8]) -> Done {
        refuse("a parameter cannot hold bytes")
    }

    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        match self.place {
            Place::Top => Ok(()),
            _ => self.scalar(""),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.scalar(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done {
        refuse("a parameter cannot hold an enum variant with data")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, Refused> {
        self.list()
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, Refused> {
        self.list()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, Refused> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refused> {
        refuse("a parameter cannot hold an enum variant with data")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a>, Refused> {
        self.map()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Compound<'a>, Refused> {
        if name == JSON_NUMBER {
            return Ok(Compound {
                flat: self,
                key: None,
                complete: false,
            });
        }
        self.map()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refused> {
        refuse("a parameter cannot hold an enum variant with data")
    }
}

/// A list or a map that is under way.
struct Compound<'a> {
    flat: Flat<'a>,
    /// Of a pair or of a map's entry, once it is known.
    key: Option<String>,
    /// Of a pair: whether its value is there.
    complete: bool,
}

impl Compound<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        let place = match &self.flat.place {
            Place::Top => Place::Pair,
            Place::Value(key) => Place::Item(key.clone()),
            _ if self.complete => return refuse(NO_PAIR),
            _ if self.key.is_none() => return self.key(value),
            _ => return self.value(value),
        };
        value.serialize(Flat {
            out: self.flat.out,
            place,
        })
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        let mut out = Vec::new();
        key.serialize(Flat {
            out: &mut out,
            place: Place::Key,
        })?;
        self.key = out.pop().map(|(key, _)| key);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        let Some(key) = self.key.take() else {
            return refuse("a parameter's value came without its key");
        };
        self.complete = true;
        value.serialize(Flat {
            out: self.flat.out,
            place: Place::Value(key),
        })
    }

    fn finish(self) -> Done {
        match self.flat.place {
            Place::Pair if !self.complete => refuse(NO_PAIR),
            _ => Ok(()),
        }
    }
}

macro_rules! lists {
    ($($list:ident $method:ident;)+) => {$(
        impl ser::$list for Compound<'_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                self.element(value)
            }

            fn end(self) -> Done {
                self.finish()
            }
        }
    )+};
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
}

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.value(value)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl ser::SerializeStruct for Compound<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Done {
        if key == JSON_NUMBER {
            let place = self.flat.place.clone();
            return value.serialize(Flat {
                out: self.flat.out,
                place,
            });
        }
        self.key = Some(key.to_owned());
        self.value(value)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

/// How serde_json hands over a number it keeps as text, which it does if any crate of the program asks for that.
const JSON_NUMBER: &str = "$serde_json::private::Number";

const NO_PAIR: &str = "a list of parameters must hold pairs of key and value";
