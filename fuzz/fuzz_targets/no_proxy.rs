//! NO_PROXY: no panic, what the order and the case of items change (nothing), and names that match at the borders of
//! labels only. The first line is the list, the second a URL.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::Url;
use papilio::fuzzing::is_direct;

fuzz_target!(|data: &str| {
    let Some((list, url)) = data.split_once('\n') else {
        return;
    };
    let Some(url) = Url::parse(url).ok().filter(Url::is_absolute) else {
        return;
    };
    let direct = is_direct(list, &url);
    assert!(is_direct(&format!("{list},*"), &url));

    let mut items: Vec<&str> = list.split(',').collect();
    items.reverse();
    assert_eq!(is_direct(&items.join(","), &url), direct, "backwards");
    // Zones of addresses keep their case.
    if !list.contains('%') {
        assert_eq!(
            is_direct(&list.to_ascii_uppercase(), &url),
            direct,
            "upper case"
        );
    }
    assert_eq!(
        items.iter().any(|item| is_direct(item, &url)),
        direct,
        "item by item"
    );

    let host = url.raw_host().trim_end_matches('.');
    for item in items {
        let name = item.trim().trim_matches('.').to_ascii_lowercase();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        if !name.is_empty() && name.bytes().all(is_plain) && is_direct(item, &url) {
            let front = host.strip_suffix(&name);
            assert!(
                front.is_some_and(|front| front.is_empty() || front.ends_with('.')),
                "{item} {host}"
            );
        }
    }
});
