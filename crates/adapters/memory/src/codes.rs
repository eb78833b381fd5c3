use async_trait::async_trait;
use informer_oauth_domain::{
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption, REPLAY_MEMORY},
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{CodeStore, StoreError};

use crate::{Memory, purge::purge};

/// A code, and whether it was used.
pub(crate) struct KeptCode {
    code: AuthorizationCode,
    used: bool,
}

impl KeptCode {
    /// From when on it may be forgotten.
    fn forgettable_at(&self) -> Timestamp {
        if self.used {
            self.code.expires_at + REPLAY_MEMORY
        } else {
            self.code.expires_at
        }
    }
}

#[async_trait]
impl CodeStore for Memory {
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        self.lock().codes.insert(
            code.digest,
            KeptCode {
                code: code.clone(),
                used: false,
            },
        );
        Ok(())
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let mut state = self.lock();
        let Some(kept) = state.codes.get_mut(digest) else {
            return Ok(CodeRedemption::Unknown);
        };
        if presented.client != kept.code.client {
            return Ok(CodeRedemption::Refused(CodeMismatch::Client));
        }
        if kept.used {
            return Ok(CodeRedemption::Replayed(kept.code.clone()));
        }
        Ok(match kept.code.matches(presented, now) {
            Ok(()) => {
                kept.used = true;
                CodeRedemption::Redeemed(kept.code.clone())
            }
            Err(mismatch) => CodeRedemption::Refused(mismatch),
        })
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        Ok(purge(&mut self.lock().codes, limit, |kept| {
            kept.forgettable_at() <= now
        }))
    }
}
