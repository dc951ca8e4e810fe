//! What can be given where [`QueryParams`] are wanted: a query string, pairs in any collection, a map.
//!
//! Owns no rule; each ends in [`QueryParams::parse`] or [`QueryParams::from_pairs`].

use std::collections::{BTreeMap, HashMap};

use super::{QueryParams, QueryValue};

impl<K: Into<String>, V: QueryValue> FromIterator<(K, V)> for QueryParams {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::from_pairs(pairs)
    }
}

impl From<&str> for QueryParams {
    fn from(query: &str) -> Self {
        Self::parse(query)
    }
}

impl From<&String> for QueryParams {
    fn from(query: &String) -> Self {
        Self::parse(query)
    }
}

impl From<String> for QueryParams {
    fn from(query: String) -> Self {
        Self::parse(&query)
    }
}

impl From<&[u8]> for QueryParams {
    fn from(query: &[u8]) -> Self {
        Self::from_bytes(query)
    }
}

impl From<&Self> for QueryParams {
    fn from(params: &Self) -> Self {
        params.clone()
    }
}

impl<K: Into<String>, V: QueryValue, const N: usize> From<[(K, V); N]> for QueryParams {
    fn from(pairs: [(K, V); N]) -> Self {
        Self::from_pairs(pairs)
    }
}

impl<K: Into<String>, V: QueryValue> From<Vec<(K, V)>> for QueryParams {
    fn from(pairs: Vec<(K, V)>) -> Self {
        Self::from_pairs(pairs)
    }
}

/// The map's own order, which is none.
impl<K: Into<String>, V: QueryValue, S> From<HashMap<K, V, S>> for QueryParams {
    fn from(map: HashMap<K, V, S>) -> Self {
        Self::from_pairs(map)
    }
}

impl<K: Into<String>, V: QueryValue> From<BTreeMap<K, V>> for QueryParams {
    fn from(map: BTreeMap<K, V>) -> Self {
        Self::from_pairs(map)
    }
}

impl<K: AsRef<str>, V: QueryValue> From<&[(K, V)]> for QueryParams {
    fn from(pairs: &[(K, V)]) -> Self {
        Self::from_pairs(pairs.iter().map(|(key, value)| (key.as_ref(), value)))
    }
}

impl<K: AsRef<str>, V: QueryValue, const N: usize> From<&[(K, V); N]> for QueryParams {
    fn from(pairs: &[(K, V); N]) -> Self {
        Self::from_pairs(pairs.iter().map(|(key, value)| (key.as_ref(), value)))
    }
}

impl<K: AsRef<str>, V: QueryValue> From<&Vec<(K, V)>> for QueryParams {
    fn from(pairs: &Vec<(K, V)>) -> Self {
        Self::from_pairs(pairs.iter().map(|(key, value)| (key.as_ref(), value)))
    }
}

impl<K: AsRef<str>, V: QueryValue, S> From<&HashMap<K, V, S>> for QueryParams {
    fn from(pairs: &HashMap<K, V, S>) -> Self {
        Self::from_pairs(pairs.iter().map(|(key, value)| (key.as_ref(), value)))
    }
}

impl<K: AsRef<str>, V: QueryValue> From<&BTreeMap<K, V>> for QueryParams {
    fn from(pairs: &BTreeMap<K, V>) -> Self {
        Self::from_pairs(pairs.iter().map(|(key, value)| (key.as_ref(), value)))
    }
}
