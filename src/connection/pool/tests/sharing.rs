//! Connections that turn out to serve many at once.

use super::*;

/// One who asks, and whether they were told to ask again.
struct Asking<'a> {
    ticket: Ticket<'a, Conn>,
    flag: Arc<Flag>,
    waker: Waker,
}

impl<'a> Asking<'a> {
    fn new(rig: &'a Rig, key: Key) -> Self {
        let (flag, waker) = flag();
        let ticket = rig.pool.ticket(key);
        Self {
            ticket,
            flag,
            waker,
        }
    }

    fn poll(&mut self, rig: &Rig) -> Option<Lease<Conn>> {
        match self.ticket.poll(&self.waker, rig.now) {
            Poll::Ready(lease) => Some(lease.unwrap()),
            Poll::Pending => None,
        }
    }

    fn is_woken(&self) -> bool {
        woken(&self.flag)
    }
}

impl Rig {
    /// A lease as it comes, nothing opened.
    fn raw(&self, key: Key) -> Option<Lease<Conn>> {
        Asking::new(self, key).poll(self)
    }

    /// The first stream of a new shared connection.
    fn shared(&self, host: &str, most: usize) -> Lease<Conn> {
        let mut lease = self.raw(shared_key(host)).unwrap();
        lease.share(self.multi(most));
        lease
    }

    pub(super) fn multi(&self, most: usize) -> Handle {
        Arc::new(Multi {
            conn: self.make(),
            usable: AtomicBool::new(true),
            most: AtomicUsize::new(most),
        })
    }

    fn stream(&self, host: &str) -> Option<Lease<Conn>> {
        let lease = self.raw(shared_key(host))?;
        assert!(lease.shared().is_some());
        Some(lease)
    }

    fn waiting<const N: usize>(&self, hosts: [&str; N]) -> [Asking<'_>; N] {
        hosts.map(|host| {
            let mut asking = Asking::new(self, shared_key(host));
            assert!(asking.poll(self).is_none());
            asking
        })
    }
}

fn shared_number(lease: &Lease<Conn>) -> usize {
    lease.shared().unwrap().conn.number
}

fn go_away(rig: &Rig, lease: &Lease<Conn>) {
    let handle = lease.shared().unwrap();
    handle.usable.store(false, Ordering::Relaxed);
    rig.pool.watch().changed(rig.now);
}

fn who_is_woken(asking: &[Asking<'_>]) -> Vec<bool> {
    asking.iter().map(Asking::is_woken).collect()
}

/// POOL-07, H2-06: one opens, the others wait and then have a stream each of the same connection and the same slot.
#[test]
fn an_opening_that_ends_in_a_shared_connection() {
    let rig = Rig::new(10, 10);
    let mut opener = rig.raw(shared_key("a")).unwrap();
    let mut asking = rig.waiting(["a", "a", "a"]);
    let elsewhere = rig.raw(shared_key("b")).unwrap();
    assert!(elsewhere.shared().is_none(), "b is opened beside it");
    drop(elsewhere);
    assert_eq!(who_is_woken(&asking), [false; 3]);
    opener.share(rig.multi(3));
    assert_eq!(who_is_woken(&asking), [true, true, false]);
    let [one, two, three] = &mut asking;
    let streams = [one, two].map(|asking| asking.poll(&rig).unwrap());
    for lease in streams.iter().chain([&opener]) {
        assert_eq!(shared_number(lease), 0);
        assert!(lease.connection_ref().is_none());
    }
    assert!(three.poll(&rig).is_none());
    let counts = "<Pool [Requests: 3 active, 1 queued | Connections: 1 active, 0 idle]>";
    assert_eq!(format!("{:?}", rig.pool), counts);
    // H2-05: the wait ends with any stream.
    drop(opener);
    assert_eq!(shared_number(&three.poll(&rig).unwrap()), 0);
    drop(streams);
    let counts = "<Pool [Requests: 0 active, 0 queued | Connections: 0 active, 1 idle]>";
    assert_eq!(format!("{:?}", rig.pool), counts);
}

/// POOL-07: it turns out to be HTTP/1.1, and each who waited opens their own, as far as there are slots. From then on
/// nobody waits for an opening of that origin.
#[test]
fn an_opening_that_ends_in_an_exclusive_connection() {
    let rig = Rig::new(3, 3);
    let mut opener = rig.raw(shared_key("a")).unwrap();
    let mut asking = rig.waiting(["a", "a", "a"]);
    opener.fill(rig.make());
    assert_eq!(who_is_woken(&asking), [true, true, false]);
    let [one, two, three] = &mut asking;
    let mut leases = [one, two].map(|asking| asking.poll(&rig).unwrap());
    assert!(leases.iter().all(|lease| lease.connection_ref().is_none()));
    rig.keep(opener);
    assert_eq!(number(&three.poll(&rig).unwrap()), 0);
    // H2-06 even so: what turns out to be shared now is what everyone gets.
    leases[0].share(rig.multi(9));
    let next = rig.stream("a").unwrap();
    assert_eq!(shared_number(&next), 1);
}

/// POOL-14, FLT-15: the opening fails, or is given up, or was never begun, and the next in the queue opens.
#[test]
fn an_opening_that_ends_in_nothing() {
    let rig = Rig::new(5, 5);
    let opener = rig.raw(shared_key("a")).unwrap();
    let [one, mut two, three] = rig.waiting(["a", "a", "a"]);
    drop(opener);
    assert!(one.is_woken() && !two.is_woken());
    drop(one);
    assert!(two.is_woken() && !three.is_woken());
    let opener = two.poll(&rig).unwrap();
    assert!(opener.shared().is_none());
    assert!(!three.is_woken());
    drop((opener, three));
    assert_eq!(rig.pool.lock().slots.taken(), 0);
    assert!(rig.pool.lock().openings.is_empty());
}

/// FLT-16: a stream given to someone who is gone goes to the next, and the last one leaves the connection idle.
#[test]
fn a_dropped_stream_is_passed_on() {
    let rig = Rig::new(1, 1);
    let first = rig.shared("a", 1);
    let [gone, next] = rig.waiting(["a", "a"]);
    drop(first);
    assert!(gone.is_woken() && !next.is_woken());
    drop(gone);
    assert!(next.is_woken());
    drop(next);
    assert_eq!(rig.numbers(), [0]);
    assert_eq!(shared_number(&rig.stream("a").unwrap()), 0);
}

/// H2-12, POOL-10: never expired while there are streams; the time counts from the end of the last.
#[test]
fn idle_from_the_last_stream_on() {
    let mut rig = Rig::new(2, 2);
    let [first, second] = [rig.shared("a", 9), rig.stream("a").unwrap()];
    rig.now += 60 * S;
    first.keep(rig.now, None);
    rig.now += 60 * S;
    assert_eq!(shared_number(&rig.stream("a").unwrap()), 0);
    second.keep(rig.now, None);
    rig.now += 5 * S - S / 1000;
    let again = rig.stream("a").unwrap();
    again.keep(rig.now, None);
    rig.now += 5 * S;
    let fresh = rig.raw(shared_key("a")).unwrap();
    assert!(fresh.shared().is_none());
    assert_eq!(rig.numbers(), [] as [usize; 0]);
    drop(fresh);
    // The limit on idle connections.
    let rig = Rig::new(3, 1);
    let [a, b] = ["a", "b"].map(|host| rig.shared(host, 9));
    drop(b);
    drop(a);
    assert_eq!(rig.numbers(), [1]);
}

/// POOL-03: an idle shared connection gives way to another origin; one with streams does not.
#[test]
fn giving_way() {
    let rig = Rig::new(1, 1);
    let [first, second] = [rig.shared("a", 9), rig.stream("a").unwrap()];
    let [mut asking] = rig.waiting(["b"]);
    drop(first);
    assert!(!asking.is_woken());
    drop(second);
    assert!(asking.is_woken());
    let mut lease = asking.poll(&rig).unwrap();
    assert_eq!(rig.numbers(), [] as [usize; 0]);
    lease.share(rig.multi(1));
    assert_eq!(rig.numbers(), [1]);
}

/// R-H2-06, H2-06: after GOAWAY a new connection is opened; the old one keeps its slot until its last stream ends.
#[test]
fn going_away() {
    let rig = Rig::new(2, 2);
    let [old, last] = [rig.shared("a", 2), rig.stream("a").unwrap()];
    let [mut one, mut two] = rig.waiting(["a", "a"]);
    go_away(&rig, &old);
    assert!(one.is_woken() && !two.is_woken());
    let mut fresh = one.poll(&rig).unwrap();
    fresh.share(rig.multi(2));
    let joined = two.poll(&rig).unwrap();
    assert_eq!([&fresh, &joined].map(shared_number), [1, 1]);
    let [mut three] = rig.waiting(["b"]);
    drop(old);
    assert!(!three.is_woken());
    assert_eq!(rig.numbers(), [0, 1]);
    drop(last);
    assert_eq!(rig.numbers(), [1], "closed, not kept");
    assert!(three.is_woken() && three.poll(&rig).is_some());
    // One that is idle when it ends.
    let handle = Arc::clone(fresh.shared().unwrap());
    drop((fresh, joined));
    assert_eq!(rig.pool.lock().slots.taken(), 1);
    handle.usable.store(false, Ordering::Relaxed);
    rig.pool.watch().changed(rig.now);
    assert_eq!(rig.pool.lock().slots.taken(), 0);
    // And one of which nobody told.
    let lease = rig.shared("a", 1);
    let handle = Arc::clone(lease.shared().unwrap());
    drop(lease);
    handle.usable.store(false, Ordering::Relaxed);
    drop(handle);
    assert!(rig.raw(shared_key("a")).unwrap().shared().is_none());
}

/// H2-05, R-H2-09: one stream until SETTINGS arrive, then as many as they allow; a limit of 0 or a lowered one ends no
/// stream, and a connection that has none and lets nobody in is replaced.
#[test]
fn changing_limits() {
    let rig = Rig::new(5, 5);
    let first = rig.shared("a", 1);
    let handle = Arc::clone(first.shared().unwrap());
    let set = |most| {
        handle.most.store(most, Ordering::Relaxed);
        rig.pool.watch().changed(rig.now);
    };
    let [mut one, mut two, mut three] = rig.waiting(["a", "a", "a"]);
    set(3);
    assert!(one.is_woken() && two.is_woken() && !three.is_woken());
    let streams = [&mut one, &mut two].map(|asking| asking.poll(&rig).unwrap());
    set(0);
    drop(first);
    assert!(!three.is_woken());
    drop(streams);
    assert!(three.is_woken());
    drop(handle);
    let fresh = three.poll(&rig).unwrap();
    assert!(fresh.shared().is_none());
    assert_eq!(rig.numbers(), [] as [usize; 0]);
}

/// SEC-130, R-TLS-07: a stale connection is replaced by a stream if there is one; with another name in TLS, or where
/// HTTP/2 was not offered, nothing is shared.
#[test]
fn replaced_by_a_stream() {
    let rig = Rig::new(3, 3);
    let mut stale = rig.raw(shared_key("a")).unwrap();
    stale.fill(rig.make());
    let stream = rig.shared("a", 9);
    stale.replace(rig.now);
    assert_eq!(shared_number(&stale), shared_number(&stream));
    assert_eq!(rig.numbers(), [1]);
    stale.replace(rig.now);
    assert!(stale.shared().is_some() && stale.take().is_none());
    for key in [
        shared_key("a").exclusive(),
        shared_key("a").with_server_name("b"),
    ] {
        assert!(rig.raw(key).unwrap().shared().is_none());
    }
    assert_eq!(rig.pool.lock().slots.taken(), 1);
}

/// POOL-07: who looks for another connection in vain opens one, and others wait for that, until one is found after all.
#[test]
fn replaced_while_others_wait() {
    let rig = Rig::new(9, 9);
    let [mut stale, other] = [(); 2].map(|()| {
        let mut lease = rig.raw(shared_key("a")).unwrap();
        lease.fill(rig.make());
        lease
    });
    // From here on it is not known what an opening ends in.
    go_away(&rig, &rig.shared("a", 9));
    stale.replace(rig.now);
    assert!(stale.connection_ref().is_none());
    let [asking] = rig.waiting(["a"]);
    drop(asking);
    rig.keep(other);
    stale.replace(rig.now);
    assert_eq!(number(&stale), 1);
    assert!(rig.raw(shared_key("a")).is_some(), "nothing to wait for");
}

/// POOL-17, POOL-18, R-POOL-05: streams go on when the pool is closed, and the connection ends with the last; each
/// shared connection is described.
#[test]
fn closing_while_streams_run() {
    let rig = Rig::new(3, 3);
    let [first, second] = [rig.shared("a", 2), rig.stream("a").unwrap()];
    drop(rig.shared("b", 2));
    let text = format!("{:#?}", rig.pool);
    let (counts, rest) = text.split_once('\n').unwrap();
    assert_eq!(
        counts,
        "<Pool [Requests: 2 active, 0 queued | Connections: 1 active, 1 idle]>"
    );
    let (active, idle) = rest.split_once("\nhttps://b: ").unwrap();
    assert!(active.starts_with("https://a: ") && active.ends_with(", 2 active"));
    assert!(!idle.contains("active"));
    let [waiting] = rig.waiting(["a"]);
    rig.pool.close();
    assert!(waiting.is_woken());
    assert_eq!(rig.numbers(), [0]);
    drop(first);
    assert_eq!(rig.numbers(), [0]);
    drop(second);
    assert_eq!(rig.numbers(), [] as [usize; 0]);
    assert_eq!(rig.pool.lock().slots.taken(), 0);
}

/// R-POOL-06: a watch does not keep the pool, nor its connections.
#[test]
fn a_watch_outlives_its_pool() {
    let rig = Rig::new(1, 1);
    drop(rig.shared("a", 1));
    let watch = rig.pool.watch().clone();
    let (open, now) = (Arc::clone(&rig.open), rig.now);
    drop(rig);
    assert!(open.lock().unwrap().is_empty());
    watch.changed(now);
    assert_eq!(format!("{watch:?}"), "Watch");
}

/// What the pool remembers of origins that do not share is bounded.
#[test]
fn forgetting_exclusive_origins() {
    let rig = Rig::new(1, 0);
    for port in 1..=200 {
        let url = Url::parse(&format!("https://a:{port}")).unwrap();
        let mut lease = rig.raw(Key::of(&url)).unwrap();
        lease.fill(rig.make());
    }
    assert_eq!(rig.pool.lock().exclusive.len(), 64);
}
