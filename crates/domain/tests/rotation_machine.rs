//! Refresh token rotation as a state machine: whatever is presented by whomever and whenever, a grant has one live
//! lineage or none.
//!
//! A model remembers every token that was ever handed out, who rotated it into what, when, and asking for what. It
//! predicts what the rule must answer; the rule itself remembers two tokens only.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use informer_oauth_domain::{
    id::{ClientId, ClientUid, TokenId, TokenRecordId},
    resource::Resource,
    scope::{Scope, ScopeSet},
    timestamp::Timestamp,
    token_record::{RefreshState, Revocation, RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

const MADE: Timestamp = Timestamp::from_seconds(1_795_000_000);
const LIFETIME: Duration = Duration::from_secs(120);

/// One thing that may happen. Numbers are taken modulo what there is, so that a shrunk sequence stays meaningful.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody presents a token that was handed out at some time: the rightful client, or a thief with a copy. Counted
    /// from the newest, since old ones are mostly dead ends.
    Present { age: usize, scope: usize, window: u64 },
    /// Time passes.
    Wait { millis: u64 },
    /// The client, the user or an administrator ends the grant.
    Revoke { reason: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (prop_oneof![4 => Just(0), 3 => Just(1), 2 => Just(2), 2 => 0_usize..8], 0_usize..2, prop_oneof![Just(0_u64), Just(10), Just(10)])
            .prop_map(|(age, scope, window)| Step::Present { age, scope, window }),
        4 => prop_oneof![Just(1_u64), Just(4_000), Just(9_999), Just(10_000), 0_u64..20_000].prop_map(|millis| Step::Wait { millis }),
        1 => (0_usize..RevocationReason::ALL.len()).prop_map(|reason| Step::Revoke { reason }),
    ]
}

/// A token as its holder knows it, and what became of it.
#[derive(Clone, Copy, Debug)]
struct Known {
    token: TokenId,
    issued_at: Timestamp,
    generation: u32,
    rotated: Option<Rotated>,
}

#[derive(Clone, Copy, Debug)]
struct Rotated {
    into: TokenId,
    at: Timestamp,
    asked: ScopeSet,
}

struct World {
    now: Timestamp,
    record: TokenRecord,
    /// Every token that was ever handed out, in the order of rotation.
    handed_out: Vec<Known>,
    drawn: u128,
}

fn token(n: u128) -> TokenId {
    TokenId::new(Uuid::from_u128(n))
}

fn scopes(choice: usize) -> ScopeSet {
    [ScopeSet::ALL, Scope::ReadDataset.into()][choice]
}

impl World {
    fn new() -> Self {
        let record = TokenRecord {
            id: TokenRecordId::new(Uuid::from_u128(1)),
            client: ClientUid::new(Uuid::from_u128(2)),
            client_id: ClientId::new([2; 10]),
            username: "ada".into(),
            scope: ScopeSet::ALL,
            audience: Resource::parse("https://bi.example.com/api").unwrap(),
            created_at: MADE,
            expires_at: Some(MADE + LIFETIME),
            refresh: Some(RefreshState {
                generation: 0,
                current: token(0),
                current_issued_at: MADE,
                previous: None,
            }),
            last_used_at: None,
            revoked: None,
        };
        let first = Known {
            token: token(0),
            issued_at: MADE,
            generation: 0,
            rotated: None,
        };
        Self {
            now: MADE,
            record,
            handed_out: vec![first],
            drawn: 0,
        }
    }

    fn request(&self, known: Known, asked: ScopeSet, window: u64) -> RotationRequest {
        RotationRequest {
            record: self.record.id,
            presented: known.token,
            presented_issued_at: known.issued_at,
            presented_generation: known.generation,
            successor: token(self.drawn + 1),
            asked,
            now: self.now,
            retry_window: Duration::from_secs(window),
        }
    }

    /// Presents a token, and holds the answer against what the model knows.
    fn present(&mut self, age: usize, asked: ScopeSet, window: u64) -> Result<(), TestCaseError> {
        let newest = self.handed_out.len() - 1;
        let position = newest - age.min(newest);
        let known = self.handed_out[position];
        let request = self.request(known, asked, window);
        let before = self.record.clone();
        let live = before.is_live(self.now);
        let (after, outcome) = before.clone().rotate(&request);
        match (&outcome, known.rotated) {
            (Rotation::Rotated(rotated), None) => {
                prop_assert!(live, "only a live grant rotates");
                prop_assert_eq!(rotated, &after);
                let refresh = after.refresh.clone().unwrap();
                prop_assert_eq!(refresh.current, request.successor);
                prop_assert_eq!(refresh.generation, known.generation + 1);
                self.drawn += 1;
                self.handed_out[position].rotated = Some(Rotated {
                    into: request.successor,
                    at: self.now,
                    asked,
                });
                self.handed_out.push(Known {
                    token: refresh.current,
                    issued_at: refresh.current_issued_at,
                    generation: refresh.generation,
                    rotated: None,
                });
            }
            (Rotation::Ended, None) => prop_assert!(!live, "the live token of a live grant must rotate"),
            (Rotation::Retried(same), Some(rotated)) => {
                prop_assert!(live && self.inside(rotated, window) && rotated.asked == asked);
                prop_assert_eq!(same, &before);
                prop_assert_eq!(
                    same.refresh.clone().unwrap().current,
                    rotated.into,
                    "the same successor as then"
                );
                prop_assert_eq!(position + 1, newest, "and nobody has used it");
            }
            (Rotation::Ended, Some(rotated)) => {
                prop_assert!(
                    !live && self.inside(rotated, window),
                    "a retry that is too late for its grant"
                );
            }
            (Rotation::Superseded, Some(rotated)) => {
                prop_assert!(self.inside(rotated, window), "nothing outside the window is let off");
                prop_assert!(
                    position + 1 < newest || rotated.asked != asked,
                    "a good retry must succeed"
                );
            }
            (Rotation::Reused { first }, Some(rotated)) => {
                prop_assert_eq!(*first, before.revoked.is_none());
                prop_assert!(after.revoked.is_some());
                let known_to_be_inside = self.inside(rotated, window) && position + 2 >= newest;
                prop_assert!(
                    !known_to_be_inside,
                    "what was certainly rotated inside the window ends nothing"
                );
            }
            (outcome, rotated) => prop_assert!(false, "{outcome:?} for a token that was rotated: {rotated:?}"),
        }
        if !matches!(outcome, Rotation::Rotated(_) | Rotation::Reused { .. }) {
            prop_assert_eq!(&after, &before, "only a rotation or a reuse changes anything");
        }
        self.record = after;
        Ok(())
    }

    fn inside(&self, rotated: Rotated, window: u64) -> bool {
        window > 0 && self.now < rotated.at + Duration::from_secs(window)
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let ended = self.record.revoked;
        match *step {
            Step::Present { age, scope, window } => self.present(age, scopes(scope), window)?,
            Step::Wait { millis } => self.now = self.now + Duration::from_millis(millis),
            Step::Revoke { reason } => {
                self.record = self.record.clone().revoked(self.now, RevocationReason::ALL[reason]);
            }
        }
        self.check(ended)
    }

    /// What holds at every moment.
    fn check(&self, ended_before: Option<Revocation>) -> Result<(), TestCaseError> {
        if ended_before.is_some() {
            prop_assert_eq!(
                self.record.revoked,
                ended_before,
                "what is revoked stays revoked, with the first reason"
            );
        }
        let would_rotate = |window| {
            let tried = self
                .handed_out
                .iter()
                .map(|known| self.record.clone().rotate(&self.request(*known, ScopeSet::ALL, window)));
            tried
                .filter(|(_, outcome)| matches!(outcome, Rotation::Rotated(_)))
                .count()
        };
        let lineages = usize::from(self.record.is_live(self.now));
        prop_assert_eq!(would_rotate(0), lineages, "one live lineage or none");
        prop_assert_eq!(would_rotate(10), lineages, "and the window gives no second one");
        let successors: BTreeMap<TokenId, TokenId> = self
            .handed_out
            .iter()
            .filter_map(|known| Some((known.rotated?.into, known.token)))
            .collect();
        prop_assert_eq!(
            successors.len() + 1,
            self.handed_out.len(),
            "every token but the first has one predecessor"
        );
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_grant_has_one_live_lineage_or_none(steps in vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step)?;
        }
    }

    #[test]
    fn without_a_window_presenting_any_old_token_ends_everything(rotations in 1_usize..20, age in 1_usize..20) {
        let mut world = World::new();
        for _ in 0..rotations {
            world.take(&Step::Present { age: 0, scope: 0, window: 0 })?;
        }
        world.take(&Step::Present { age: age.min(rotations), scope: 0, window: 0 })?;
        prop_assert!(!world.record.is_live(world.now));
        for known in world.handed_out.clone() {
            for window in [0, 10] {
                let (_, outcome) = world.record.clone().rotate(&world.request(known, ScopeSet::ALL, window));
                prop_assert!(!matches!(outcome, Rotation::Rotated(_) | Rotation::Retried(_)), "{:?}", outcome);
            }
        }
    }
}
