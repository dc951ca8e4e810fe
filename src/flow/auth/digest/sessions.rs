//! `Sessions`: the challenges that are remembered, by origin, and how often each was answered.

use std::sync::Arc;

use super::answer::{Qop, Terms};
use crate::models::body::Body;
use crate::models::url::Origin;

/// For each origin the last turn. The most recently used is the last.
#[derive(Default)]
pub(super) struct Sessions(Vec<(Origin, Turn)>);

/// What one answer needs.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) terms: Arc<Terms>,
    /// The nonce count, from 1.
    pub(super) count: u32,
    /// The client nonce, unless any will do. Servers differ on whether the hash of `-sess` takes the client nonce of the
    /// first answer or of each; so all have the same.
    pub(super) cnonce: Option<String>,
}

impl Sessions {
    /// For an answer in advance, if a challenge of that origin is remembered and can be answered with that body.
    pub(super) fn turn(&mut self, origin: &Origin, body: &Body) -> Option<Turn> {
        let index = self.0.iter().position(|(known, turn)| {
            known == origin && (turn.terms.qop != Some(Qop::AuthInt) || body.is_replayable())
        })?;
        let (origin, turn) = self.0.remove(index);
        self.keep(origin, turn.next()?)
    }

    /// For the answer to a challenge: the next of those terms if they are remembered, else their first.
    pub(super) fn begin(&mut self, origin: Origin, terms: Terms, cnonce: String) -> Option<Turn> {
        let index = self.0.iter().position(|(known, _)| *known == origin);
        let before = index.map(|index| self.0.remove(index).1);
        let turn = match before.filter(|before| *before.terms == terms) {
            Some(before) => before.next()?,
            None => Turn {
                cnonce: terms.algorithm.is_session.then_some(cnonce),
                terms: Arc::new(terms),
                count: 1,
            },
        };
        self.keep(origin, turn)
    }

    /// These terms of that origin, unless it has given others since.
    pub(super) fn forget(&mut self, origin: &Origin, terms: &Terms) {
        self.0
            .retain(|(known, turn)| known != origin || *turn.terms != *terms);
    }

    fn keep(&mut self, origin: Origin, turn: Turn) -> Option<Turn> {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push((origin, turn.clone()));
        Some(turn)
    }
}

impl Turn {
    /// `None` if this nonce was used as often as can be said; it is forgotten then.
    fn next(self) -> Option<Self> {
        Some(Self {
            count: self.count.checked_add(1)?,
            ..self
        })
    }
}

/// Origins remembered. The others are asked for their challenge again.
const MOST: usize = 100;
