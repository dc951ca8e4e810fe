//! Query parameters: building, grouping, editing, form encoding.

use std::collections::{BTreeMap, HashMap};

use papilio::QueryParams;

fn pairs(params: &QueryParams) -> Vec<(&str, &str)> {
    params.iter().collect()
}

/// QP-01
#[test]
fn edits_return_a_new_value() {
    let params = QueryParams::parse("a=1&b=2");
    let _ = (
        params.set("a", 9),
        params.add("a", 9),
        params.remove("a"),
        params.merge(&QueryParams::parse("a=9&c=9")),
    );
    assert_eq!(params.to_string(), "a=1&b=2");
}

/// QP-02
#[test]
fn built_from_whatever_holds_pairs() {
    let same = |params: QueryParams| assert_eq!(params.to_string(), "a=1&b=2");
    let text = String::from("a=1&b=2");
    same(QueryParams::parse("a=1&b=2"));
    same("a=1&b=2".into());
    same((&text).into());
    same(text.into());
    same(b"a=1&b=2".as_slice().into());
    same([("a", "1"), ("b", "2")].into());
    same([("a", 1), ("b", 2)][..].into());
    same((&[("a", 1), ("b", 2)]).into());
    same(vec![(String::from("a"), 1), (String::from("b"), 2)].into());
    same((&vec![("a", "1".to_owned()), ("b", "2".to_owned())]).into());
    same(BTreeMap::from([("a", 1), ("b", 2)]).into());
    same((&BTreeMap::from([("a", [1]), ("b", [2])])).into());
    same([("a", 1), ("b", 2)].into_iter().collect());
    same(QueryParams::from_pairs([("a", Some(1)), ("b", Some(2))]));
    assert_eq!(
        QueryParams::from(HashMap::from([("a", vec!["1", "2"])])).to_string(),
        "a=1&a=2"
    );
    assert_eq!(
        QueryParams::from(&HashMap::from([("a", true)])).to_string(),
        "a=true"
    );
    assert_eq!(
        QueryParams::from(&QueryParams::parse("x=y")).to_string(),
        "x=y"
    );
    assert_eq!(pairs(&QueryParams::parse("?a=1")), [("?a", "1")]);
}

/// QP-02
#[cfg(feature = "json")]
#[test]
fn built_from_serializable_structs() {
    #[derive(serde::Serialize)]
    enum Order {
        Up,
    }
    #[derive(serde::Serialize)]
    struct Id(u64);
    #[derive(serde::Serialize)]
    struct Search {
        q: &'static str,
        z: f32,
        a: Option<u8>,
        b: Option<i8>,
        list: Vec<bool>,
        empty: Vec<u8>,
        order: Order,
        id: Id,
        c: char,
        big: u128,
    }
    let search = Search {
        q: "a b",
        z: 0.1,
        a: None,
        b: Some(-1),
        list: vec![true, false],
        empty: vec![],
        order: Order::Up,
        id: Id(7),
        c: 'é',
        big: u128::MAX,
    };
    assert_eq!(
        QueryParams::from_serialize(&search).unwrap().to_string(),
        "q=a+b&z=0.1&a=&b=-1&list=true&list=false&order=Up&id=7&c=%C3%A9\
         &big=340282366920938463463374607431768211455"
    );
}

/// QP-02
#[cfg(feature = "json")]
#[test]
fn built_from_serializable_lists_and_maps() {
    fn printed<T: serde::Serialize>(value: T) -> String {
        QueryParams::from_serialize(&value)
            .map(|params| params.to_string())
            .unwrap_or_else(|error| format!("{:?}", error.kind()))
    }
    assert_eq!(printed([("a", 1), ("b", 2), ("a", 3)]), "a=1&a=3&b=2");
    assert_eq!(printed(vec![("a", vec!["x", "y"])]), "a=x&a=y");
    assert_eq!(printed([["a", "x"]]), "a=x");
    assert_eq!(printed(BTreeMap::from([(1, "x")])), "1=x");
    assert_eq!(printed(serde_json::json!({"a": [1.5, null]})), "a=1.5&a=");
    assert_eq!(printed(None::<u8>), "");
    for refused in [
        printed(1),
        printed("a=1"),
        printed([1]),
        printed([("a",)]),
        printed([("a", 1, 2)]),
        printed([[""; 0]]),
        printed([("a", ("b", [1]))]),
        printed(BTreeMap::from([("a", BTreeMap::from([("b", 1)]))])),
        printed(BTreeMap::from([([1], 1)])),
    ] {
        assert_eq!(refused, "LocalProtocol");
    }
}

/// QP-03 VEC-24
#[test]
fn parsed_leniently() {
    for (text, expected) in [
        ("", &[][..]),
        ("&&a=1&&", &[("a", "1")]),
        ("a", &[("a", "")]),
        ("a=", &[("a", "")]),
        ("=b", &[("", "b")]),
        ("=", &[("", "")]),
        ("a=b=c", &[("a", "b=c")]),
        ("a=1;b=2", &[("a", "1;b=2")]),
        ("a+b=c+d", &[("a b", "c d")]),
        ("%C3%A9=%2B%26", &[("é", "+&")]),
        ("é=ü", &[("é", "ü")]),
        ("a=%FF%zz%", &[("a", "\u{FFFD}%zz%")]),
    ] {
        assert_eq!(pairs(&QueryParams::parse(text)), expected, "{text:?}");
    }
    assert_eq!(
        pairs(&QueryParams::from_bytes(b"a=\xFF")),
        [("a", "\u{FFFD}")]
    );
}

/// QP-04
#[test]
fn values_of_many_types() {
    let params = QueryParams::new()
        .set("t", true)
        .set("f", false)
        .set("n", None::<&str>)
        .set("s", Some("x"))
        .set("i", -5_i64)
        .set("u", u128::MAX)
        .set("d", 1.5)
        .set("one", 1.0_f32)
        .set("c", 'c')
        .set("o", String::from("o"))
        .set("l", vec![Some(1), None]);
    assert_eq!(
        params.to_string(),
        "t=true&f=false&n=&s=x&i=-5&u=340282366920938463463374607431768211455&d=1.5&one=1.0&c=c&o=o&l=1&l="
    );
}

/// QP-05
#[test]
fn values_of_a_key_stay_together() {
    let params = QueryParams::parse("a=1&b=2&a=3");
    assert_eq!(pairs(&params), [("a", "1"), ("a", "3"), ("b", "2")]);
    assert_eq!(params.to_string(), "a=1&a=3&b=2");
    let many: String = (0..40_000)
        .map(|n| format!("k{}={n}&", n % 20_000))
        .collect();
    let params = QueryParams::parse(&many);
    assert_eq!(params.len(), 20_000);
    assert_eq!(params.get_all("k7").collect::<Vec<_>>(), ["7", "20007"]);
}

/// QP-06
#[test]
fn printed_in_form_encoding() {
    let unreserved = "ABCXYZabcxyz0129-._~";
    let params = QueryParams::from([(unreserved, unreserved)]);
    assert_eq!(params.to_string(), format!("{unreserved}={unreserved}"));
    for (value, encoded) in [
        (" ", "+"),
        ("+", "%2B"),
        ("*", "%2A"),
        ("/", "%2F"),
        ("%", "%25"),
        ("%20", "%2520"),
        ("&=;?#", "%26%3D%3B%3F%23"),
        ("é🌟", "%C3%A9%F0%9F%8C%9F"),
        ("\r\n\0", "%0D%0A%00"),
        ("!'()", "%21%27%28%29"),
    ] {
        assert_eq!(
            QueryParams::from([(value, value)]).to_string(),
            format!("{encoded}={encoded}")
        );
        assert_eq!(
            QueryParams::parse(&format!("k={encoded}")).get("k"),
            Some(value)
        );
    }
    // VEC-08 VEC-09
    assert_eq!(
        QueryParams::from([("a", "b c"), ("d", "e/f")]).to_string(),
        "a=b+c&d=e%2Ff"
    );
    assert_eq!(
        QueryParams::from([("u", "with%20spaces")]).to_string(),
        "u=with%2520spaces"
    );
    let mut form = String::from("x=y");
    QueryParams::parse("a=1&b=2").write_form(&mut form);
    assert_eq!(form, "x=y&a=1&b=2");
}

/// QP-07 VEC-23
#[test]
fn lookups() {
    let params = QueryParams::parse("a=1&a=2&b=3");
    assert_eq!((params.get("a"), params.get("z")), (Some("1"), None));
    assert_eq!(params.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(params.get_all("z").count(), 0);
    assert_eq!(params.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(params.values().collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(params.items().collect::<Vec<_>>(), [("a", "1"), ("b", "3")]);
    assert_eq!(pairs(&params), [("a", "1"), ("a", "2"), ("b", "3")]);
    assert!(params.contains("b") && !params.contains("B"));
    assert_eq!(params.len(), 2);
    assert!(!params.is_empty() && QueryParams::new().is_empty());
    assert_eq!(
        format!("{params:?}"),
        r#"QueryParams[("a", "1"), ("a", "2"), ("b", "3")]"#
    );
}

/// QP-08
#[test]
fn edits() {
    let params = QueryParams::parse("a=1&b=2&a=3");
    let is = |params: QueryParams, text: &str| assert_eq!(params.to_string(), text);
    is(params.set("a", 9), "a=9&b=2");
    is(params.set("c", 9), "a=1&a=3&b=2&c=9");
    is(params.set("a", ["7", "8"]), "a=7&a=8&b=2");
    is(params.add("a", 9), "a=1&a=3&a=9&b=2");
    is(params.add("c", 9), "a=1&a=3&b=2&c=9");
    is(params.remove("a"), "b=2");
    is(params.remove("z"), "a=1&a=3&b=2");
    is(
        params.merge(&QueryParams::parse("c=4&b=5&b=6&c=7")),
        "a=1&a=3&b=5&b=6&c=4&c=7",
    );
    is(params.merge(&QueryParams::new()), "a=1&a=3&b=2");
    is(QueryParams::new().merge(&params), "a=1&a=3&b=2");
}

/// QP-09
#[test]
fn equality_and_empty_lists() {
    assert_eq!(
        QueryParams::parse("a=1&b=2&a=3"),
        QueryParams::parse("b=2&a=3&a=1")
    );
    assert_ne!(QueryParams::parse("a=1"), QueryParams::parse("a=1&a=1"));
    assert_ne!(QueryParams::parse("a=1"), QueryParams::parse("a=2"));
    let empty = QueryParams::from_pairs([("a", Vec::<u8>::new()), ("b", vec![1])]);
    assert!(!empty.contains("a"));
    assert_eq!(empty.to_string(), "b=1");
    assert_eq!(empty.set("b", [0_u8; 0]).to_string(), "");
}
