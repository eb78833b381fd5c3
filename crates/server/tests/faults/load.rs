//! Virtual users: programs that get codes and tokens, refresh, retry and give back, and administrators who register clients
//! and make secrets. Some do what a thief would: present a code or a refresh token twice at the same moment.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};

use crate::{
    common::Service,
    history::{Family, Grant, Outcome},
    site::Site,
    support::{Client, Code},
    talk::Talk,
};

const PROGRAMS: u64 = 10;
const ADMINISTRATORS: u64 = 2;

/// How long to wait after an answer that was no answer.
const REST: Duration = Duration::from_millis(30);

/// Has all users work while `meanwhile` runs, until it ends; their last requests are answered before this returns.
pub(crate) fn under_load<T>(site: &mut Site, seed: u64, meanwhile: impl FnOnce(&mut Faulty) -> T) -> T {
    let Site {
        talk,
        public,
        inspector,
        world,
        second,
        postgres,
        redis,
    } = site;
    let (talk, public, inspector) = (&*talk, &*public, &*inspector);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for number in 0..PROGRAMS + ADMINISTRATORS {
            let mut user = User {
                talk,
                public,
                inspector,
                stop: &stop,
                dice: Dice(seed * 1000 + number + 1),
            };
            scope.spawn(move || {
                while !user.stopped() {
                    if number < PROGRAMS {
                        user.program();
                    } else {
                        user.administer();
                    }
                }
            });
        }
        scope.spawn(|| {
            for replica in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                talk.feel_pulse(replica);
                thread::sleep(REST);
            }
        });
        let stop = StopAtEnd(&stop);
        let done = meanwhile(&mut Faulty {
            replicas: [&mut world.service, second],
            postgres,
            redis,
            talk,
            public,
        });
        drop(stop);
        done
    })
}

/// What a fault happens to, while there is load.
pub(crate) struct Faulty<'a> {
    pub(crate) replicas: [&'a mut Service; 2],
    pub(crate) postgres: &'a ThrowawayPostgres,
    pub(crate) redis: &'a mut RedisServer,
    pub(crate) talk: &'a Talk,
    pub(crate) public: &'a Client,
}

/// So that users stop also when an assertion fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True once in so many.
    fn once_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    /// One of the replicas.
    fn replica(&mut self) -> usize {
        usize::from(self.once_in(2))
    }
}

struct User<'a> {
    talk: &'a Talk,
    public: &'a Client,
    inspector: &'a Client,
    stop: &'a AtomicBool,
    dice: Dice,
}

impl User<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The life of one family.
    fn program(&mut self) {
        let talk = self.talk;
        let Some((family, code)) = talk.consent(self.dice.replica(), self.public).given() else {
            return thread::sleep(REST);
        };
        let Some(mut grant) = self.redeem(family, &code) else {
            return;
        };
        for _ in 0..self.dice.next() % 8 {
            if self.dice.once_in(4) {
                talk.inspect_access(self.dice.replica(), self.inspector, family, &grant.access);
            }
            match self.refresh(family, &grant.refresh) {
                Some(next) => grant = next,
                None => break,
            }
        }
        if self.dice.once_in(4) {
            talk.revoke(self.dice.replica(), self.public, family, &grant.access);
            talk.refresh(self.dice.replica(), self.public, family, &grant.refresh);
        }
        if self.dice.once_in(10) {
            talk.redeem(self.dice.replica(), self.public, family, &code);
        }
    }

    fn redeem(&mut self, family: Family, code: &Code) -> Option<Grant> {
        let (talk, client) = (self.talk, self.public);
        self.until_known(10, |replica| talk.redeem(replica, client, family, code))
    }

    fn refresh(&mut self, family: Family, token: &str) -> Option<Grant> {
        let (talk, client) = (self.talk, self.public);
        self.until_known(10, |replica| talk.refresh(replica, client, family, token))
    }

    /// Asks again, at whichever replica, until it is known what was done or all is over; and once in so many, at both at once.
    fn until_known(&mut self, twice_in: u64, ask: impl Fn(usize) -> Outcome<Grant> + Sync) -> Option<Grant> {
        loop {
            let replica = self.dice.replica();
            let outcomes = if self.dice.once_in(twice_in) {
                thread::scope(|scope| {
                    let other = scope.spawn(|| ask(replica + 1));
                    vec![ask(replica), other.join().unwrap()]
                })
            } else {
                vec![ask(replica)]
            };
            let is_known = outcomes.iter().any(Outcome::is_definite);
            if let Some(grant) = outcomes.into_iter().find_map(Outcome::given) {
                return Some(grant);
            }
            if is_known || self.stopped() {
                return None;
            }
            thread::sleep(REST);
        }
    }

    /// A new client: one that somebody uses, or one with a secret that comes and, half the time, goes.
    fn administer(&mut self) {
        let talk = self.talk;
        if self.dice.once_in(4) {
            talk.sign_in_and_look(self.dice.replica());
        }
        let Some(client) = talk.register(self.dice.replica()) else {
            return thread::sleep(REST);
        };
        if self.dice.once_in(2) {
            if let Some((family, code)) = talk.consent(self.dice.replica(), &client).given() {
                talk.redeem(self.dice.replica(), &client, family, &code);
            }
        } else if let Some((path, client)) = talk.add_secret(self.dice.replica(), &client) {
            talk.authenticate(self.dice.replica(), &client);
            if self.dice.once_in(2) {
                talk.remove_secret(self.dice.replica(), &path, &client);
                talk.authenticate(self.dice.replica(), &client);
            }
        }
    }
}
