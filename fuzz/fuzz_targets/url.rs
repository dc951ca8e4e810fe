//! Two texts as a base and a reference: nothing panics, what is accepted is safe to send and reads back as itself, and
//! no component given by itself reaches into another.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::Url;

fuzz_target!(|texts: (String, String)| {
    let (base, reference) = texts;
    let Ok(base) = Url::parse(&base) else {
        return;
    };
    check(&base);
    if let Ok(joined) = base.join(&reference) {
        check(&joined);
    }
    if let Ok(changed) = base.with_path(&reference) {
        check(&changed);
        assert_eq!(changed.netloc(), base.netloc());
        assert_eq!(changed.query(), base.query());
    }
    if let Ok(changed) = base.with_query(&reference) {
        check(&changed);
        assert_eq!(changed.netloc(), base.netloc());
        assert_eq!(changed.path(), base.path());
    }
    if let Ok(changed) = base.with_host(&reference) {
        check(&changed);
        assert_eq!(changed.userinfo(), base.userinfo());
        assert_eq!(changed.port(), base.port());
    }
    if let Ok(changed) = base.with_credentials(&reference, Some(&reference)) {
        check(&changed);
        assert_eq!(changed.netloc(), base.netloc());
    }
    if let Ok(changed) = base.push_segment(&reference) {
        check(&changed);
        assert_eq!(changed.netloc(), base.netloc());
        assert_eq!(changed.query(), base.query());
    }
    if let Ok(changed) = base.add_param(&reference, &*reference) {
        check(&changed);
        assert!(
            changed
                .params()
                .get_all(&reference)
                .any(|value| value == reference)
        );
        assert_eq!(changed.netloc(), base.netloc());
    }
});

fn check(url: &Url) {
    let text = url.as_str();
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
    // A text that grew by escaping may be longer than one that can be parsed.
    if text.len() > 65_536 {
        return;
    }
    let again = Url::parse(text).expect("what was printed is a URL");
    assert_eq!(again.as_str(), text);
    assert_eq!(again.netloc(), url.netloc());
    assert_eq!(again.raw_path(), url.raw_path());
    // Name lookup, `Host`, TLS and the pool see one host.
    let bare = url.netloc().trim_start_matches('[');
    assert!(bare.starts_with(url.raw_host()));
    assert_eq!(url.origin().host(), url.raw_host());
    assert!(url.same_origin(&again) && url.origin() == again.origin());
}
