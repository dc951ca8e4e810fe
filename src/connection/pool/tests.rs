//! The pool with connections that are numbers, and a clock that is an argument.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{OnceLock, Weak};
use std::task::{Poll, Wake};
use std::time::Duration;

use super::*;
use crate::models::url::Url;

mod sequences;
mod sharing;

const S: Duration = Duration::from_secs(1);

/// A connection that is on the list of those that are open.
#[derive(Debug)]
struct Conn {
    number: usize,
    open: Open,
    pool: Weak<Mutex<State<Self>>>,
}

/// A shared connection: open as long as there is a handle of it.
#[derive(Debug)]
struct Multi {
    conn: Conn,
    usable: AtomicBool,
    most: AtomicUsize,
}

type Handle = Arc<Multi>;

impl Pooled for Conn {
    type Shared = Handle;
}

impl Shareable for Handle {
    fn is_usable(&self) -> bool {
        self.usable.load(Ordering::Relaxed)
    }

    fn most_streams(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

type Open = Arc<Mutex<BTreeSet<usize>>>;

/// POOL-05: a connection is closed while nobody holds the lock.
impl Drop for Conn {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            assert!(pool.try_lock().is_ok(), "closed under the lock");
        }
        assert!(
            self.open.lock().unwrap().remove(&self.number),
            "closed twice"
        );
    }
}

/// A pool, and the connections it was given.
struct Rig {
    pool: Pool<Conn>,
    open: Open,
    made: AtomicUsize,
    now: Instant,
}

impl Rig {
    fn new(max: usize, keepalive: usize) -> Self {
        let limits = Limits::new()
            .max_connections(max)
            .max_keepalive_connections(keepalive)
            .keepalive_expiry(5 * S);
        Self::of(limits)
    }

    fn of(limits: Limits) -> Self {
        Self {
            pool: Pool::new(limits, Sharing::Https),
            open: Open::default(),
            made: AtomicUsize::new(0),
            now: Instant::now(),
        }
    }

    fn ask(&self, host: &str) -> Ticket<'_, Conn> {
        self.pool.ticket(key(host))
    }

    fn poll(&self, ticket: &mut Ticket<'_, Conn>, waker: &Waker) -> Option<Lease<Conn>> {
        match ticket.poll(waker, self.now) {
            Poll::Ready(Ok(lease)) => Some(self.connect(lease)),
            Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), Kind::ClientClosed);
                None
            }
            Poll::Pending => None,
        }
    }

    /// A new slot gets a new connection at once: nothing may still be open in its place.
    fn connect(&self, mut lease: Lease<Conn>) -> Lease<Conn> {
        if lease.connection().is_none() {
            lease.fill(self.make());
        }
        lease
    }

    fn make(&self) -> Conn {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.open.lock().unwrap().insert(number);
        let open = Arc::clone(&self.open);
        let pool = Arc::downgrade(&self.pool.0);
        Conn { number, open, pool }
    }

    fn lease(&self, host: &str) -> Option<Lease<Conn>> {
        self.poll(&mut self.ask(host), Waker::noop())
    }

    /// Numbers of the connections that are open.
    fn numbers(&self) -> Vec<usize> {
        self.open.lock().unwrap().iter().copied().collect()
    }

    fn keep(&self, lease: Lease<Conn>) {
        lease.keep(self.now, None);
    }
}

fn key(host: &str) -> Key {
    find_key("http", host)
}

fn shared_key(host: &str) -> Key {
    find_key("https", host)
}

fn find_key(scheme: &str, host: &str) -> Key {
    static KEYS: OnceLock<Vec<Key>> = OnceLock::new();
    let all = || {
        let hosts = ["a", "b", "c", "d"];
        let urls = hosts.map(|host| [format!("http://{host}/"), format!("https://{host}/")]);
        let urls = urls.as_flattened().iter();
        urls.map(|url| Key::of(&Url::parse(url).unwrap())).collect()
    };
    let mut keys = KEYS.get_or_init(all).iter();
    let is_it = |key: &&Key| key.url().raw_host() == host && key.url().scheme() == scheme;
    keys.find(is_it).unwrap().clone()
}

fn number(lease: &Lease<Conn>) -> usize {
    lease.connection_ref().unwrap().number
}

#[derive(Default)]
struct Flag(AtomicUsize);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn flag() -> (Arc<Flag>, Waker) {
    let flag = Arc::new(Flag::default());
    (Arc::clone(&flag), Waker::from(flag))
}

fn woken(flag: &Flag) -> bool {
    flag.0.load(Ordering::Relaxed) > 0
}

/// POOL-03: the oldest idle connection of the origin, else a new one, else one in place of the oldest of another.
#[test]
fn the_order_of_serving() {
    let rig = Rig::new(3, 3);
    let leases: Vec<_> = ["a", "a", "b"].map(|host| rig.lease(host).unwrap()).into();
    for lease in leases.into_iter().rev() {
        rig.keep(lease);
    }
    let first = rig.lease("a").unwrap();
    assert_eq!(number(&first), 0);
    rig.keep(rig.lease("b").unwrap());
    let new = rig.lease("c").unwrap();
    assert_eq!(
        (number(&new), rig.numbers()),
        (3, vec![0, 2, 3]),
        "1 gave way"
    );
    assert_eq!(number(&rig.lease("b").unwrap()), 2);
}

/// POOL-02, POOL-04: first come, first served, and who cannot be served holds up nobody.
#[test]
fn the_order_of_waiting() {
    let rig = Rig::new(1, 1);
    let held = rig.lease("a").unwrap();
    let mut tickets: Vec<_> = ["b", "a", "b"].map(|host| (rig.ask(host), flag())).into();
    for (ticket, (_, waker)) in &mut tickets {
        assert!(rig.poll(ticket, waker).is_none());
    }
    rig.keep(held);
    let states: Vec<bool> = tickets.iter().map(|(_, (flag, _))| woken(flag)).collect();
    assert_eq!(states, [true, false, false]);
    let (ticket, (_, waker)) = &mut tickets[0];
    let lease = rig.poll(ticket, waker).unwrap();
    assert_eq!(rig.numbers(), [1], "the connection to a made room");
    drop(lease);
    assert!(woken(&tickets[1].1.0) && !woken(&tickets[2].1.0));
}

/// POOL-09, LIM-01: an idle connection is good until its expiry, or as long as its peer says, whichever is less.
#[test]
fn expiry() {
    let mut rig = Rig::new(2, 2);
    rig.keep(rig.lease("a").unwrap());
    rig.now += 5 * S - S / 1000;
    let again = rig.lease("a").unwrap();
    assert_eq!(number(&again), 0);
    rig.keep(again);
    rig.now += 5 * S;
    let fresh = rig.lease("a").unwrap();
    assert_eq!((number(&fresh), rig.numbers()), (1, vec![1]));
    fresh.keep(rig.now, Some(2 * S));
    rig.now += 2 * S;
    assert_eq!(number(&rig.lease("a").unwrap()), 2);
    let brief = rig.lease("a").unwrap();
    brief.keep(rig.now, Some(Duration::ZERO));
    assert_eq!(rig.numbers(), [] as [usize; 0], "closed at once");
    let longer = rig.lease("a").unwrap();
    longer.keep(rig.now, Some(Duration::MAX));
    rig.now += 5 * S;
    assert_eq!(
        number(&rig.lease("b").unwrap()),
        5,
        "ours is the shorter one"
    );
}

/// POOL-10, LIM-01: only idle connections count as idle, and the oldest goes first.
#[test]
fn surplus() {
    let rig = Rig::new(4, 2);
    let leases: Vec<_> = ["a", "b", "c", "d"]
        .map(|host| rig.lease(host).unwrap())
        .into();
    let mut leases = leases.into_iter();
    let first = leases.next().unwrap();
    for lease in leases {
        rig.keep(lease);
    }
    assert_eq!(rig.numbers(), [0, 2, 3]);
    rig.keep(first);
    assert_eq!(rig.numbers(), [2, 3], "the oldest, though it came last");
}

/// FLT-16: what was granted to someone who is gone goes to the next, connection and all.
#[test]
fn a_dropped_grant_is_passed_on() {
    let rig = Rig::new(1, 1);
    let held = rig.lease("a").unwrap();
    let (mut gone, mut next) = (rig.ask("a"), rig.ask("a"));
    let (flag, waker) = flag();
    assert!(rig.poll(&mut gone, Waker::noop()).is_none());
    assert!(rig.poll(&mut next, &waker).is_none());
    rig.keep(held);
    assert!(!woken(&flag));
    drop(gone);
    assert!(woken(&flag));
    assert_eq!(number(&rig.poll(&mut next, &waker).unwrap()), 0);
    // A permission, and an eviction that came with one, are passed on as well.
    for end in [false, true] {
        let held = rig.lease("a").unwrap();
        let (mut gone, mut next) = (rig.ask("b"), rig.ask("b"));
        assert!(rig.poll(&mut gone, Waker::noop()).is_none());
        assert!(rig.poll(&mut next, &waker).is_none());
        if end {
            rig.keep(held)
        } else {
            drop(held)
        };
        drop(gone);
        assert!(rig.poll(&mut next, &waker).is_some());
    }
    // The last one to leave leaves the connection idle.
    let held = rig.lease("a").unwrap();
    let kept = number(&held);
    let mut gone = rig.ask("a");
    assert!(rig.poll(&mut gone, Waker::noop()).is_none());
    rig.keep(held);
    drop(gone);
    assert_eq!(rig.numbers(), [kept]);
    assert_eq!(number(&rig.lease("a").unwrap()), kept);
}

/// SEC-130: a stale connection is closed, and the next idle one takes its place in the same slot.
#[test]
fn replacing() {
    let rig = Rig::new(3, 3);
    let leases: Vec<_> = ["a", "b", "a"].map(|host| rig.lease(host).unwrap()).into();
    leases.into_iter().for_each(|lease| rig.keep(lease));
    let mut lease = rig.lease("a").unwrap();
    lease.replace(rig.now);
    assert_eq!((number(&lease), rig.numbers()), (2, vec![1, 2]));
    lease.replace(rig.now);
    assert!(lease.connection().is_none());
    assert_eq!(rig.numbers(), [1]);
    assert!(format!("{:?}", rig.pool).contains("1 active, 1 idle"));
}

/// POOL-17, R-POOL-05: idle connections are closed at once, leases end by themselves, waiters are told.
#[test]
fn closing() {
    let rig = Rig::new(2, 2);
    let held = rig.lease("a").unwrap();
    let other = rig.lease("b").unwrap();
    let (flag, waker) = flag();
    let mut waiting = rig.ask("a");
    assert!(rig.poll(&mut waiting, &waker).is_none());
    rig.keep(other);
    let mut granted = rig.poll(&mut waiting, &waker).unwrap();
    assert!(!granted.is_pool_closed());
    let mut waiting = rig.ask("a");
    assert!(rig.poll(&mut waiting, &waker).is_none());
    rig.pool.close();
    assert!(woken(&flag) && granted.is_pool_closed());
    let told = waiting.poll(&waker, rig.now);
    assert!(matches!(told, Poll::Ready(Err(e)) if e.kind() == Kind::ClientClosed));
    granted.take();
    drop(granted);
    rig.keep(held);
    assert_eq!(rig.numbers(), [] as [usize; 0]);
    assert!(rig.lease("a").is_none());
    drop(waiting);
    let counts = "<Pool [Requests: 0 active, 0 queued | Connections: 0 active, 0 idle]>";
    assert_eq!(format!("{:?}", rig.pool), counts);
}

/// WSH-22, POOL-04: a limit per host holds up nobody else, and counts whatever the host has, used or not.
#[test]
fn a_limit_per_host() {
    for most in [0, 1] {
        let limits = Limits::new().max_connections_per_host(most);
        let rig = Rig::of(limits.max_connections(3));
        let held = rig.lease("a").unwrap();
        let (flag, waker) = flag();
        let mut waiting = rig.ask("a");
        assert!(rig.poll(&mut waiting, &waker).is_none());
        let other = rig.lease("b").unwrap();
        assert!(rig.lease("b").is_none());
        drop(other);
        assert!(!woken(&flag));
        drop(held);
        assert!(woken(&flag));
        assert!(rig.lease("a").is_none(), "granted already");
        let held = rig.poll(&mut waiting, &waker).unwrap();
        // A slot that changes hosts.
        rig.keep(held);
        let others = ["b", "c", "d"].map(|host| rig.lease(host).unwrap());
        assert_eq!(rig.numbers().len(), 3, "the one of a gave way");
        drop(others);
        rig.keep(rig.lease("a").unwrap());
        drop(rig.lease("a").unwrap());
        rig.lease("a").unwrap().replace(rig.now);
        assert!(rig.lease("a").is_some());
        assert!(rig.pool.lock().slots.taken() == 0);
    }
}
