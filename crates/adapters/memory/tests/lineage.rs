//! Codes, replays, refreshes, revocations and expiry in any order, by a client and by thieves with copies of all it has,
//! with requests that stop half-way: of every code there is one live lineage or none.
//!
//! What a request does between its port calls is what the use cases do: redeem, then insert; or, when the code was used
//! before, bar. Each half is a step of its own, so that every interleaving of several requests occurs.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use informer_oauth_domain::{
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption},
    id::{TokenId, TokenRecordId},
    timestamp::Timestamp,
    token_record::{Insertion, RefreshState, RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_memory::Memory;
use informer_oauth_ports::{CodeStore, TokenFilter, TokenStore};
use informer_oauth_testkit::values::{
    NOW, a_code, a_presentation, a_record, a_scope, challenge, client_uid, digest, scope, token_id,
};
use proptest::{collection::vec, prelude::*};
use tokio::runtime::{Builder, Runtime};

/// How many codes there are.
const CODES: u64 = 2;
/// How long a grant lasts here: short, so that it ends within a run.
const LIFETIME: Duration = Duration::from_secs(90);

/// What may happen next. Numbers are taken modulo what there is, so that a shrunk sequence stays meaningful.
#[derive(Clone, Debug)]
enum Step {
    /// The code's client, or a thief with the verifier and the client's credentials, presents a code.
    Redeem { code: u64 },
    /// The same with something that does not fit.
    RedeemBadly { code: u64, how: u8 },
    /// A thief presents a code with credentials of their own.
    RedeemAsAnother { code: u64 },
    /// One of the requests that are half done goes on.
    GoOn { request: usize },
    /// One of them never does: its process was killed.
    Crash { request: usize },
    /// Somebody presents a token that was handed out at some time, counted from the newest.
    Refresh { age: usize, asked: usize, window: u64 },
    /// Somebody ends a grant, there or not.
    Revoke { code: u64, reason: usize },
    /// An administrator ends all grants of the client.
    RevokeAll,
    /// Time passes.
    Wait { millis: u64 },
    /// The stores forget what is over.
    Purge,
}

fn step() -> impl Strategy<Value = Step> {
    let code = 0..CODES;
    prop_oneof![
        5 => code.clone().prop_map(|code| Step::Redeem { code }),
        1 => (code.clone(), 0_u8..4).prop_map(|(code, how)| Step::RedeemBadly { code, how }),
        1 => code.clone().prop_map(|code| Step::RedeemAsAnother { code }),
        5 => (0_usize..4).prop_map(|request| Step::GoOn { request }),
        1 => (0_usize..4).prop_map(|request| Step::Crash { request }),
        8 => (0_usize..5, 0_usize..2, prop_oneof![Just(0_u64), Just(10)])
            .prop_map(|(age, asked, window)| Step::Refresh { age, asked, window }),
        1 => (code, 0_usize..RevocationReason::ALL.len()).prop_map(|(code, reason)| Step::Revoke { code, reason }),
        1 => Just(Step::RevokeAll),
        3 => prop_oneof![Just(1_u64), Just(9_999), Just(10_000), 0_u64..30_000].prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Purge),
    ]
}

/// A request between its two port calls.
#[derive(Clone, Debug)]
enum HalfDone {
    Insert(AuthorizationCode),
    Bar(AuthorizationCode),
}

/// A refresh token in somebody's hands, and the successor that was given for it.
#[derive(Clone, Debug)]
struct Held {
    record: TokenRecordId,
    token: TokenId,
    issued_at: Timestamp,
    generation: u32,
    successor: Option<TokenId>,
}

#[derive(Default)]
struct Seen {
    redeemed: u32,
    inserted: u32,
    replays: u32,
    bars_to_come: u32,
    /// The record was seen revoked.
    ended: bool,
}

struct World {
    runtime: Runtime,
    memory: Memory,
    now: Timestamp,
    half_done: Vec<HalfDone>,
    held: Vec<Held>,
    seen: BTreeMap<TokenRecordId, Seen>,
    drawn: u64,
    /// Time of the last revocation of everything, until the store purges it.
    revoked_at: Option<Timestamp>,
}

impl World {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().build().unwrap();
        let memory = Memory::default();
        for n in 0..CODES {
            runtime.block_on(CodeStore::insert(&memory, &a_code(n))).unwrap();
        }
        let seen = (0..CODES).map(|n| (a_code(n).token_record, Seen::default())).collect();
        Self {
            runtime,
            memory,
            now: NOW,
            half_done: Vec::new(),
            held: Vec::new(),
            seen,
            drawn: 1000,
            revoked_at: None,
        }
    }

    fn seen(&mut self, id: TokenRecordId) -> &mut Seen {
        self.seen.get_mut(&id).unwrap()
    }

    fn draw(&mut self) -> TokenId {
        self.drawn += 1;
        token_id(self.drawn)
    }

    fn redeem(&mut self, n: u64, presented: &CodePresentation) -> CodeRedemption {
        self.runtime
            .block_on(self.memory.redeem(&digest(n), presented, self.now))
            .unwrap()
    }

    /// The rightful presentation, by whomever.
    fn redeem_well(&mut self, n: u64) -> Result<(), TestCaseError> {
        match self.redeem(n, &a_presentation(&a_code(n))) {
            CodeRedemption::Redeemed(code) => {
                prop_assert!(self.now < code.expires_at);
                let seen = self.seen(code.token_record);
                seen.redeemed += 1;
                prop_assert_eq!(seen.redeemed, 1, "a code is redeemed once");
                self.half_done.push(HalfDone::Insert(code));
            }
            CodeRedemption::Replayed(code) => self.replayed(code)?,
            CodeRedemption::Refused(mismatch) => prop_assert_eq!(mismatch, CodeMismatch::Expired),
            CodeRedemption::Unknown => prop_assert!(self.now >= a_code(n).expires_at),
        }
        Ok(())
    }

    fn replayed(&mut self, code: AuthorizationCode) -> Result<(), TestCaseError> {
        let seen = self.seen(code.token_record);
        prop_assert_eq!(seen.redeemed, 1, "what was not used cannot be replayed");
        seen.replays += 1;
        seen.bars_to_come += 1;
        self.half_done.push(HalfDone::Bar(code));
        Ok(())
    }

    fn redeem_badly(&mut self, n: u64, how: u8) -> Result<(), TestCaseError> {
        let good = a_presentation(&a_code(n));
        let presented = match how {
            0 => CodePresentation {
                redirect_uri: None,
                ..good
            },
            1 => CodePresentation {
                redirect_uri: Some("https://evil.example/".into()),
                ..good
            },
            2 => CodePresentation {
                challenge: None,
                ..good
            },
            _ => CodePresentation {
                challenge: Some(challenge(99)),
                ..good
            },
        };
        match self.redeem(n, &presented) {
            CodeRedemption::Redeemed(_) => prop_assert!(false, "what does not fit redeems nothing"),
            CodeRedemption::Replayed(code) => self.replayed(code)?,
            CodeRedemption::Refused(mismatch) => prop_assert_ne!(mismatch, CodeMismatch::Client),
            CodeRedemption::Unknown => prop_assert!(self.now >= a_code(n).expires_at),
        }
        Ok(())
    }

    fn go_on(&mut self, request: usize) -> Result<(), TestCaseError> {
        if self.half_done.is_empty() {
            return Ok(());
        }
        let half_done = self.half_done.swap_remove(request % self.half_done.len());
        let now = self.now;
        match half_done {
            HalfDone::Insert(code) => {
                let first = self.draw();
                let record = TokenRecord {
                    id: code.token_record,
                    scope: code.scope,
                    created_at: code.issued_at,
                    expires_at: Some(now + LIFETIME),
                    refresh: Some(RefreshState {
                        generation: 0,
                        current: first,
                        current_issued_at: now,
                        previous: None,
                    }),
                    ..a_record(0)
                };
                let insertion = self
                    .runtime
                    .block_on(TokenStore::insert(&self.memory, &record))
                    .unwrap();
                let revoked_at = self.revoked_at.is_some_and(|at| record.created_at <= at);
                let seen = self.seen(record.id);
                if insertion == Insertion::Inserted {
                    seen.inserted += 1;
                    prop_assert!(
                        seen.inserted == 1 && !seen.ended && !revoked_at,
                        "one grant a code, and none that was barred or revoked before"
                    );
                    self.held.push(Held {
                        record: record.id,
                        token: first,
                        issued_at: now,
                        generation: 0,
                        successor: None,
                    });
                } else if seen.ended {
                    prop_assert_eq!(insertion, Insertion::Barred, "what was barred is said to be");
                } else {
                    prop_assert!(revoked_at, "only what was barred or revoked is refused");
                    prop_assert_eq!(insertion, Insertion::Revoked, "and said to be");
                }
            }
            HalfDone::Bar(code) => {
                let described = TokenRecord {
                    id: code.token_record,
                    expires_at: None,
                    refresh: None,
                    created_at: now,
                    ..a_record(0)
                };
                self.runtime
                    .block_on(self.memory.bar(&described, RevocationReason::CodeReplay, now))
                    .unwrap();
                let seen = self.seen(code.token_record);
                seen.bars_to_come -= 1;
                seen.ended = true;
            }
        }
        Ok(())
    }

    fn refresh(&mut self, age: usize, asked: usize, window: u64) -> Result<(), TestCaseError> {
        let Some(newest) = self.held.len().checked_sub(1) else {
            return Ok(());
        };
        let position = newest - age.min(newest);
        let held = self.held[position].clone();
        let request = RotationRequest {
            record: held.record,
            presented: held.token,
            presented_issued_at: held.issued_at,
            presented_generation: held.generation,
            successor: self.draw(),
            asked: [scope("read:dataset write:report"), a_scope(0)][asked],
            now: self.now,
            retry_window: Duration::from_secs(window),
        };
        let before = self
            .runtime
            .block_on(TokenStore::find(&self.memory, held.record))
            .unwrap();
        let outcome = self.runtime.block_on(self.memory.rotate(&request)).unwrap();
        let was_live = before.as_ref().is_some_and(|record| record.is_live(self.now));
        match outcome {
            Rotation::Rotated(record) => {
                prop_assert!(was_live && held.successor.is_none(), "a token is rotated once");
                let refresh = record.refresh.unwrap();
                prop_assert_eq!(refresh.current, request.successor);
                self.held[position].successor = Some(refresh.current);
                self.held.push(Held {
                    record: held.record,
                    token: refresh.current,
                    issued_at: refresh.current_issued_at,
                    generation: refresh.generation,
                    successor: None,
                });
            }
            Rotation::Retried(record) => {
                prop_assert!(was_live && window > 0);
                prop_assert_eq!(
                    Some(record.refresh.unwrap().current),
                    held.successor,
                    "the same successor as then"
                );
            }
            Rotation::Reused { first } => {
                prop_assert!(
                    held.successor.is_some(),
                    "the live token is never taken for a replaced one"
                );
                prop_assert_eq!(first, before.is_some_and(|record| record.revoked.is_none()));
                self.seen(held.record).ended = true;
            }
            Rotation::Superseded => prop_assert!(window > 0 && held.successor.is_some()),
            Rotation::Ended => prop_assert!(!was_live),
            // A grant that was over and forgotten when its code came again is there as a bar only.
            Rotation::Unknown => prop_assert!(
                before.is_none_or(|record| record.refresh.is_none() && record.revoked.is_some()),
                "a grant that is there has refresh tokens"
            ),
        }
        Ok(())
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Redeem { code } => self.redeem_well(code)?,
            Step::RedeemBadly { code, how } => self.redeem_badly(code, how)?,
            Step::RedeemAsAnother { code } => {
                let presented = CodePresentation {
                    client: client_uid(2),
                    ..a_presentation(&a_code(code))
                };
                let outcome = self.redeem(code, &presented);
                let told = matches!(
                    outcome,
                    CodeRedemption::Refused(CodeMismatch::Client) | CodeRedemption::Unknown
                );
                prop_assert!(told, "another client got {:?}", outcome);
            }
            Step::GoOn { request } => self.go_on(request)?,
            Step::Crash { request } => {
                if !self.half_done.is_empty() {
                    self.half_done.swap_remove(request % self.half_done.len());
                }
            }
            Step::Refresh { age, asked, window } => self.refresh(age, asked, window)?,
            Step::Revoke { code, reason } => {
                let id = a_code(code).token_record;
                let revocation = self.memory.revoke(id, None, RevocationReason::ALL[reason], self.now);
                self.runtime.block_on(revocation).unwrap();
            }
            Step::RevokeAll => {
                let filter = TokenFilter {
                    client: Some(client_uid(1)),
                    username: None,
                };
                let revocation = self
                    .memory
                    .revoke_all(&filter, RevocationReason::Administrator, self.now);
                self.runtime.block_on(revocation).unwrap();
                self.revoked_at = Some(self.now);
            }
            Step::Wait { millis } => self.now = self.now + Duration::from_millis(millis),
            Step::Purge => {
                self.runtime
                    .block_on(CodeStore::purge(&self.memory, self.now, 10))
                    .unwrap();
                // Requests last seconds, and what ended is kept for longer: none that is half done can meet a purge.
                if self.half_done.is_empty() {
                    self.runtime
                        .block_on(TokenStore::purge(&self.memory, self.now, 10))
                        .unwrap();
                    self.revoked_at = self.revoked_at.filter(|at| self.now <= *at);
                }
            }
        }
        self.check()
    }

    /// What holds at every moment.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for n in 0..CODES {
            let id = a_code(n).token_record;
            let record = self.runtime.block_on(TokenStore::find(&self.memory, id)).unwrap();
            let live = record.as_ref().is_some_and(|record| record.is_live(self.now));
            if record.as_ref().is_some_and(|record| record.revoked.is_some()) {
                self.seen(id).ended = true;
            }
            prop_assert!(
                !(live && self.seen(id).ended),
                "what is revoked stays revoked, whatever arrives late"
            );
            prop_assert!(!live || self.seen(id).inserted == 1);
            let Some(record) = record else { continue };
            let rotates = |held: &&Held| {
                let request = RotationRequest {
                    record: id,
                    presented: held.token,
                    presented_issued_at: held.issued_at,
                    presented_generation: held.generation,
                    successor: token_id(1),
                    asked: record.scope,
                    now: self.now,
                    retry_window: Duration::from_secs(10),
                };
                matches!(record.clone().rotate(&request).1, Rotation::Rotated(_))
            };
            let lineages = self
                .held
                .iter()
                .filter(|held| held.record == id)
                .filter(rotates)
                .count();
            prop_assert_eq!(lineages, usize::from(live), "one live lineage or none");
        }
        Ok(())
    }

    /// Lets every request come to its end: then of a code that was presented twice nothing lives.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        while !self.half_done.is_empty() {
            self.go_on(0)?;
            self.check()?;
        }
        for n in 0..CODES {
            let id = a_code(n).token_record;
            let live = self
                .runtime
                .block_on(TokenStore::find(&self.memory, id))
                .unwrap()
                .is_some_and(|record| record.is_live(self.now));
            let seen = self.seen(id);
            // A bar that crashed is made up for by nobody: its client got no answer, and presents the code again.
            let every_bar_done = seen.bars_to_come == 0;
            prop_assert!(
                !(live && seen.replays > 0 && every_bar_done),
                "a code used twice leaves no live token"
            );
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    #[test]
    fn of_every_code_there_is_one_live_lineage_or_none(steps in vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step)?;
        }
        world.settle()?;
    }

    #[test]
    fn a_replayed_code_leaves_nothing_alive_whichever_comes_first(order in vec(0_usize..6, 0..6), presentations in 2_usize..6) {
        let mut world = World::new();
        for _ in 0..presentations {
            world.take(&Step::Redeem { code: 0 })?;
        }
        for request in order {
            world.take(&Step::GoOn { request })?;
            world.take(&Step::Refresh { age: 0, asked: 0, window: 10 })?;
        }
        world.settle()?;
        let record = world.runtime.block_on(TokenStore::find(&world.memory, a_code(0).token_record)).unwrap();
        prop_assert!(record.is_some_and(|record| record.revoked.is_some()));
    }
}
