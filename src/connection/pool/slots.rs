//! `Slots`: how many connections there are, in all and per host.
//!
//! Owns the counts and their limits. Does not know who holds a slot.

use super::Key;
use crate::models::config::Limits;

/// Slots in use: leases, grants, idle and shared connections.
pub(super) struct Slots {
    most: Option<usize>,
    most_per_host: Option<usize>,
    taken: usize,
    /// Empty unless there is a limit per host: then the hosts that have a slot.
    hosts: Vec<(Key, usize)>,
}

impl Slots {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.max_connections,
            most_per_host: limits.max_connections_per_host,
            taken: 0,
            hosts: Vec::new(),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn has_room(&self) -> bool {
        self.most.is_none_or(|most| self.taken < most)
    }

    /// Whether the host may have one more, be it in place of one of another host.
    pub(super) fn host_has_room(&self, key: &Key) -> bool {
        self.most_per_host.is_none_or(|most| {
            let host = self.hosts.iter().find(|(host, _)| host.matches(key));
            host.is_none_or(|(_, count)| *count < most.max(1))
        })
    }

    pub(super) fn take(&mut self, key: &Key) {
        self.taken += 1;
        if self.most_per_host.is_some() {
            match self.hosts.iter_mut().find(|(host, _)| host.matches(key)) {
                Some((_, count)) => *count += 1,
                None => self.hosts.push((key.clone(), 1)),
            }
        }
    }

    pub(super) fn free(&mut self, key: &Key) {
        self.taken = self.taken.saturating_sub(1);
        if self.most_per_host.is_some()
            && let Some(at) = self.hosts.iter().position(|(host, _)| host.matches(key))
            && let Some((_, count)) = self.hosts.get_mut(at)
        {
            *count -= 1;
            if *count == 0 {
                self.hosts.swap_remove(at);
            }
        }
    }
}
