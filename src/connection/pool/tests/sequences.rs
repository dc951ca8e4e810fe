//! Every sequence of steps that a few actors can take, up to a length.

use super::super::shared::Shared;
use super::super::state::{Hold, Waiter};
use super::*;

/// What is tried: keys of the three actors, whether these share, limits, and how many steps.
#[derive(Clone, Copy)]
struct Setting {
    hosts: [&'static str; 3],
    shares: bool,
    max: usize,
    keepalive: usize,
    steps: usize,
}

/// What one of the actors is doing.
enum Actor<'a> {
    Out,
    Waiting(Ticket<'a, Conn>, Arc<Flag>, Waker),
    Holding(Lease<Conn>),
}

/// R-POOL-01, R-POOL-02, R-POOL-03, R-LIM-16: three actors that ask, wait, give up, keep, drop and replace, time that
/// passes and the end, in every order of five steps. Every step of the pool is one critical section, so these are all
/// interleavings of threads. At each point no more connections are open than allowed, each is in one place, and
/// nobody waits while there is a slot.
#[test]
fn every_sequence() {
    for (max, keepalive) in [(1, 1), (2, 1), (2, 2)] {
        explore_all(Setting {
            hosts: ["a", "b", "a"],
            shares: false,
            max,
            keepalive,
            steps: 5,
        });
    }
}

/// POOL-07, H2-05, H2-06, R-H2-06, R-POOL-01, R-POOL-03: the same where a connection may turn out to be a shared one, or
/// not, or fail; with streams that end, peers that go away and limits that are raised. At each point a shared
/// connection has no more streams than it may, nobody waits beside one that has room, and there is no second one
/// beside it.
#[test]
fn every_sequence_of_sharing() {
    let all = [
        (["a", "a", "a"], 1, 1, 6),
        (["a", "a", "a"], 2, 1, 6),
        (["a", "b", "a"], 1, 1, 6),
        (["a", "b", "a"], 2, 2, 5),
        (["a", "a", "a"], 2, 0, 5),
    ];
    for (hosts, max, keepalive, steps) in all {
        explore_all(Setting {
            hosts,
            shares: true,
            max,
            keepalive,
            steps,
        });
    }
}

fn explore_all(setting: Setting) {
    let mut count = 0;
    explore(&mut Vec::new(), setting, &mut count);
    assert!(count > 1000, "{count} sequences only");
}

fn explore(path: &mut Vec<usize>, setting: Setting, count: &mut usize) {
    let choices = replay(path, setting);
    *count += 1;
    if path.len() == setting.steps {
        return;
    }
    for choice in 0..choices {
        path.push(choice);
        explore(path, setting, count);
        path.pop();
    }
}

/// Takes these choices, checking after each; how many there are for the next step.
fn replay(path: &[usize], setting: Setting) -> usize {
    let mut rig = Rig::new(setting.max, setting.keepalive);
    let pool = rig.pool.clone();
    let mut actors: [Actor<'_>; 3] = [Actor::Out, Actor::Out, Actor::Out];
    let mut world = 0;
    let mut exclusive = !setting.shares;
    for &choice in path {
        let (at, verb) = options(&actors, world, setting)[choice];
        if at == 3 {
            world = verb + 1;
            match verb {
                0 => rig.now += 10 * S,
                1 => raise(&rig),
                _ => pool.close(),
            }
        } else {
            let actor = std::mem::replace(&mut actors[at], Actor::Out);
            exclusive |= is_opening(&actor) && verb == 1;
            actors[at] = act(&rig, &pool, actor, (at, verb), setting);
        }
        check(&rig, &actors, setting);
        if !exclusive {
            no_second(&rig);
        }
    }
    let choices = options(&actors, world, setting).len();
    actors = [Actor::Out, Actor::Out, Actor::Out];
    check(&rig, &actors, setting);
    let state = rig.pool.lock();
    assert_eq!(state.slots.taken(), state.idle.len(), "{path:?}");
    assert!(state.shared.is_empty() && state.openings.is_empty());
    drop(state);
    choices
}

/// Actor and verb; the fourth actor is the world, where time passes, then shared connections take more streams, then
/// the pool is closed; each once, or never.
fn options(actors: &[Actor<'_>; 3], world: usize, setting: Setting) -> Vec<(usize, usize)> {
    let mut options = Vec::new();
    for (at, actor) in actors.iter().enumerate() {
        let verbs = match actor {
            Actor::Out => 1,
            Actor::Waiting(..) => 2,
            Actor::Holding(lease) if lease.shared().is_some() => 2,
            Actor::Holding(_) => 3,
        };
        options.extend((0..verbs).map(|verb| (at, verb)));
    }
    let world = (world..3).filter(|verb| setting.shares || *verb != 1);
    options.extend(world.map(|verb| (3, verb)));
    options
}

fn is_opening(actor: &Actor<'_>) -> bool {
    match actor {
        Actor::Holding(lease) => lease.connection_ref().is_none() && lease.shared().is_none(),
        _ => false,
    }
}

fn act<'a>(
    rig: &Rig,
    pool: &'a Pool<Conn>,
    actor: Actor<'a>,
    (at, verb): (usize, usize),
    setting: Setting,
) -> Actor<'a> {
    let opening = is_opening(&actor);
    let (mut ticket, flag, waker) = match (actor, verb) {
        (Actor::Out, _) => {
            let (flag, waker) = flag();
            let host = setting.hosts[at];
            let key = if setting.shares {
                shared_key(host)
            } else {
                key(host)
            };
            (pool.ticket(key), flag, waker)
        }
        (Actor::Waiting(ticket, flag, waker), 0) => (ticket, flag, waker),
        (Actor::Waiting(..), _) => return Actor::Out,
        (Actor::Holding(mut lease), 0) if opening => {
            lease.share(rig.multi(1));
            return Actor::Holding(lease);
        }
        (Actor::Holding(lease), 1) if opening => return Actor::Holding(rig.connect(lease)),
        (Actor::Holding(_), _) if opening => return Actor::Out,
        (Actor::Holding(lease), 0) => {
            rig.keep(lease);
            return Actor::Out;
        }
        (Actor::Holding(lease), 1) => {
            if let Some(handle) = lease.shared() {
                handle.usable.store(false, Ordering::Relaxed);
                rig.pool.watch().changed(rig.now);
                return Actor::Holding(lease);
            }
            return Actor::Out;
        }
        (Actor::Holding(mut lease), _) => {
            lease.replace(rig.now);
            return opened(rig, lease, setting);
        }
    };
    match ticket.poll(&waker, rig.now) {
        Poll::Ready(Ok(lease)) => opened(rig, lease, setting),
        Poll::Ready(Err(error)) => {
            assert!(pool.is_closed() && error.kind() == Kind::ClientClosed);
            Actor::Out
        }
        Poll::Pending => Actor::Waiting(ticket, flag, waker),
    }
}

/// What may turn out this way or that is opened in a step of its own.
fn opened<'a>(rig: &Rig, lease: Lease<Conn>, setting: Setting) -> Actor<'a> {
    if setting.shares {
        return Actor::Holding(lease);
    }
    Actor::Holding(rig.connect(lease))
}

/// The SETTINGS of all shared connections arrive: two streams.
fn raise(rig: &Rig) {
    let state = rig.pool.lock();
    let idle = state.idle.iter().filter_map(|idle| match &idle.held {
        Held::Shared(handle) => Some(handle),
        Held::Own(_) => None,
    });
    for handle in state.shared.iter().map(|shared| &shared.handle).chain(idle) {
        handle.most.store(2, Ordering::Relaxed);
    }
    drop(state);
    rig.pool.watch().changed(rig.now);
}

/// H2-06, as far as all connections were shared from the start.
fn no_second(rig: &Rig) {
    let state = rig.pool.lock();
    let mut keys = Vec::new();
    keys.extend(state.openings.iter().map(|opening| &opening.key));
    let usable = state
        .shared
        .iter()
        .filter(|shared| shared.handle.is_usable());
    keys.extend(usable.map(|shared| &shared.key));
    keys.extend(state.idle.iter().map(|idle| &idle.key));
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].iter().any(|other| other.matches(key)));
    }
}

#[track_caller]
fn check(rig: &Rig, actors: &[Actor<'_>; 3], setting: Setting) {
    let state = rig.pool.lock();
    let open = rig.numbers();
    let taken = state.slots.taken();
    assert!(open.len() <= setting.max, "too many are open");
    assert!(taken <= setting.max && state.idle.len() <= setting.keepalive.min(taken));
    // Numbers of connections: with a slot, and of streams.
    let (mut places, mut streams, mut bare) = (Vec::new(), Vec::new(), 0);
    for idle in &state.idle {
        places.push(held_number(&idle.held));
    }
    places.extend(state.shared.iter().map(|shared| shared.handle.conn.number));
    let grants = state.waiting.iter().filter_map(|w| w.grant.as_ref());
    for grant in grants {
        match &grant.place.hold {
            Hold::Own(connection) => places.push(connection.number),
            Hold::Stream(handle) => streams.push(handle.conn.number),
            Hold::Slot => match &grant.evicted {
                Some(evicted) => places.push(held_number(evicted)),
                None => bare += 1,
            },
        }
    }
    for actor in actors {
        match actor {
            Actor::Holding(lease) => match (lease.connection_ref(), lease.shared()) {
                (Some(connection), _) => places.push(connection.number),
                (_, Some(handle)) => streams.push(handle.conn.number),
                _ => bare += 1,
            },
            Actor::Waiting(ticket, flag, _) if !state.closed => {
                let mut waiting = state.waiting.iter();
                let waiter = waiting.find(|w| Some(w.number) == ticket.queued).unwrap();
                assert!(waiter.grant.is_none() || woken(flag), "granted, not told");
                check_waiter(&state, waiter, setting.max);
            }
            _ => {}
        }
    }
    places.sort_unstable();
    assert_eq!(places, open, "each open connection is in one place");
    assert_eq!(taken, places.len() + bare, "a slot is in one place");
    assert!(state.openings.len() <= setting.max);
    for shared in &state.shared {
        let number = shared.handle.conn.number;
        let count = streams.iter().filter(|other| **other == number).count();
        assert_eq!(shared.streams, count, "each stream is in one place");
        let most = shared.handle.most_streams();
        assert!((1..=most).contains(&count), "{count} of {most} streams");
    }
    let all: usize = state.shared.iter().map(|shared| shared.streams).sum();
    assert_eq!(all, streams.len(), "no stream without a connection");
}

/// Nobody waits for something that is there, or for nothing.
#[track_caller]
fn check_waiter(state: &State<Conn>, waiter: &Waiter<Conn>, max: usize) {
    if waiter.grant.is_some() {
        return;
    }
    let key = &waiter.key;
    let usable = |shared: &&Shared<Conn>| shared.key.matches(key) && shared.handle.is_usable();
    let mut shared = state.shared.iter().filter(usable);
    let opening = state.openings.iter().any(|o| o.key.matches(key));
    let awaited = opening || shared.clone().next().is_some();
    let slot = state.slots.taken() < max || !state.idle.is_empty();
    assert!(awaited || !slot, "someone waits beside a slot");
    assert!(!shared.any(|shared| shared.streams < shared.handle.most_streams()));
    assert!(!state.idle.iter().any(|idle| idle.key.matches(key)));
}

fn held_number(held: &Held<Conn>) -> usize {
    match held {
        Held::Own(connection) => connection.number,
        Held::Shared(handle) => handle.conn.number,
    }
}
