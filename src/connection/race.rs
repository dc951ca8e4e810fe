//! `Race`: which address to try when (RFC 8305, happy eyeballs).
//!
//! Owns the order of addresses and the pace of attempts; `now` is passed in. Does not own a socket: a driver starts the
//! attempts, waits on them, and says which failed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long one attempt has the field to itself (RFC 8305 section 5).
const PACE: Duration = Duration::from_millis(250);

/// How many addresses of one name are tried: whoever answers for the name decides how many it has, and is not to decide
/// how many connections are attempted.
const MOST_ADDRESSES: usize = 64;

/// The schedule of one connect.
#[derive(Debug)]
pub(crate) struct Race {
    waiting: VecDeque<SocketAddr>,
    next_start: Instant,
    running: usize,
}

/// What the driver does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Start an attempt on this address, then ask again.
    Start(SocketAddr),
    /// Wait for the running attempts, until this moment if it is given.
    Wait(Option<Instant>),
    /// Every address failed.
    Lost,
}

impl Race {
    /// Interleaves the families, beginning with that of the first address, and keeps the resolver's order in each. The
    /// addresses are those that may be tried (`connection/open.rs`).
    pub(crate) fn new(addresses: impl IntoIterator<Item = SocketAddr>, now: Instant) -> Self {
        let addresses: Vec<SocketAddr> = addresses.into_iter().collect();
        let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
        let (first, second): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| address.is_ipv6() == first_is_v6);
        let mut waiting = VecDeque::with_capacity(first.len() + second.len());
        let (mut first, mut second) = (first.into_iter(), second.into_iter());
        loop {
            let before = waiting.len();
            waiting.extend(first.next());
            waiting.extend(second.next());
            if waiting.len() == before {
                break;
            }
        }
        waiting.truncate(MOST_ADDRESSES);
        Self {
            waiting,
            next_start: now,
            running: 0,
        }
    }

    pub(crate) fn next(&mut self, now: Instant) -> Next {
        if (self.running == 0 || now >= self.next_start)
            && let Some(address) = self.waiting.pop_front()
        {
            self.running += 1;
            self.next_start = now + PACE;
            return Next::Start(address);
        }
        match (self.running, self.waiting.is_empty()) {
            (0, _) => Next::Lost,
            (_, true) => Next::Wait(None),
            (_, false) => Next::Wait(Some(self.next_start)),
        }
    }

    /// An attempt failed: the next one starts at once.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.running = self.running.saturating_sub(1);
        self.next_start = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(n: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, n], 80))
    }

    fn v6(n: u16) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, n], 80))
    }

    /// FLT-03, POOL-20
    #[test]
    fn families_alternate_and_attempts_keep_their_pace() {
        let now = Instant::now();
        let mut race = Race::new([v6(1), v6(2), v4(1), v4(2), v6(3)], now);
        assert_eq!(race.next(now), Next::Start(v6(1)));
        assert_eq!(race.next(now), Next::Wait(Some(now + PACE)));
        assert_eq!(race.next(now + PACE), Next::Start(v4(1)));
        race.failed(now + PACE);
        assert_eq!(race.next(now + PACE), Next::Start(v6(2)));
        race.failed(now + PACE);
        race.failed(now + PACE);
        assert_eq!(race.next(now + PACE), Next::Start(v4(2)));
        race.failed(now + PACE);
        assert_eq!(race.next(now + PACE), Next::Start(v6(3)));
        assert_eq!(race.next(now + PACE), Next::Wait(None));
        race.failed(now + PACE);
        assert_eq!(race.next(now + PACE), Next::Lost);
    }

    /// FLT-02
    #[test]
    fn no_address_is_lost_at_once_and_of_a_thousand_some_are_tried() {
        let now = Instant::now();
        assert_eq!(Race::new([], now).next(now), Next::Lost);
        let mut race = Race::new((0..1000).map(|n| v6(n + 1)), now);
        let mut started = 0;
        while let Next::Start(_) = race.next(now) {
            started += 1;
            race.failed(now);
        }
        assert_eq!(started, MOST_ADDRESSES);
        assert_eq!(race.next(now), Next::Lost);
    }

    /// FLT-02, FLT-03
    #[test]
    fn many_addresses_of_one_family_leave_room_for_the_other() {
        let now = Instant::now();
        let mut race = Race::new((0..1000).map(|n| v6(n + 1)).chain([v4(1)]), now);
        assert_eq!(race.next(now), Next::Start(v6(1)));
        race.failed(now);
        assert_eq!(race.next(now), Next::Start(v4(1)));
    }
}
