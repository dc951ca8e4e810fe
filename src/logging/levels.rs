//! `Levels`: which level counts for which target.
//!
//! Owns the order of the rules and the grammar of `RUST_LOG`. Does not read the environment.

use log::LevelFilter;

/// Rules by target, the most specific first, and one for everything else.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    rest: LevelFilter,
    /// By length of the name, the longest first: of two names that cover a target the longer one is below the other.
    targets: Vec<(String, LevelFilter)>,
}

impl Levels {
    pub(crate) fn new(rest: LevelFilter) -> Self {
        Self {
            rest,
            targets: Vec::new(),
        }
    }

    pub(crate) fn set_rest(&mut self, level: LevelFilter) {
        self.rest = level;
    }

    /// For a target and all below it, in place of what was said of it before.
    pub(crate) fn set(&mut self, target: &str, level: LevelFilter) {
        self.targets.retain(|(name, _)| name != target);
        let at = self
            .targets
            .partition_point(|(name, _)| name.len() >= target.len());
        self.targets.insert(at, (target.to_owned(), level));
    }

    pub(crate) fn of(&self, target: &str) -> LevelFilter {
        self.targets
            .iter()
            .find(|(name, _)| covers(name, target))
            .map_or(self.rest, |(_, level)| *level)
    }

    /// What may be logged at all.
    pub(crate) fn most(&self) -> LevelFilter {
        let levels = self.targets.iter().map(|(_, level)| *level);
        levels.fold(self.rest, Ord::max)
    }

    /// Adds the rules of a text such as `info,papilio::http11=debug`. Returns the rules that are none.
    pub(crate) fn read<'a>(&mut self, rules: &'a str) -> Vec<&'a str> {
        let mut wrong = Vec::new();
        for rule in rules.split(',').map(str::trim).filter(|r| !r.is_empty()) {
            match rule.split_once('=') {
                None => match rule.parse() {
                    Ok(level) => self.set_rest(level),
                    Err(_) => self.set(rule, LevelFilter::Trace),
                },
                Some((target, "")) => self.set(target.trim(), LevelFilter::Trace),
                Some((target, level)) => match level.trim().parse() {
                    Ok(level) => self.set(target.trim(), level),
                    Err(_) => wrong.push(rule),
                },
            }
        }
        wrong
    }
}

/// Whether a name is this target or stands above it: `a` covers `a::b`, not `ab`.
fn covers(name: &str, target: &str) -> bool {
    target
        .strip_prefix(name)
        .is_some_and(|below| below.is_empty() || below.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use log::LevelFilter::{Debug, Error, Info, Off, Trace, Warn};

    use super::*;

    #[test]
    fn the_nearest_name_above_decides() {
        let mut levels = Levels::new(Warn);
        levels.set("papilio::http1", Trace);
        levels.set("papilio", Info);
        levels.set("papilio::connection", Debug);
        levels.set("noisy", Off);
        for (target, expected) in [
            ("papilio", Info),
            ("papilio::http11", Info),
            ("papilio::http1", Trace),
            ("papilio::connection", Debug),
            ("papilio::connection::deep::inside", Debug),
            ("papilionoid", Warn),
            ("papi", Warn),
            ("noisy::x", Off),
            ("", Warn),
        ] {
            assert_eq!(levels.of(target), expected, "{target}");
        }
        assert_eq!(levels.most(), Trace);
        levels.set("papilio::http1", Error);
        assert_eq!(levels.of("papilio::http1"), Error);
        assert_eq!(levels.most(), Debug);
    }

    #[test]
    fn rules_as_text() {
        let mut levels = Levels::new(Warn);
        levels.set("a", Debug);
        let wrong = levels.read(" info, a=Error ,b::c , d=, e = off,, f=loud, g=x=y");
        assert_eq!(wrong, ["f=loud", "g=x=y"]);
        for (target, expected) in [
            ("a", Error),
            ("b", Info),
            ("b::c", Trace),
            ("d::e", Trace),
            ("e", Off),
            ("f", Info),
        ] {
            assert_eq!(levels.of(target), expected, "{target}");
        }
        assert!(levels.read("").is_empty());
    }
}
