use informer_oauth_domain::{
    audit::EventKind,
    client::{Client, ClientDraft, ClientProfile, Registration},
    id::ClientRef,
    timestamp::Timestamp,
    user::ClientAdministrator,
};
use informer_oauth_ports::ClientReplacement;

use super::{Act, ClientChange, Manage, Precondition, differences};
use crate::{
    context::RequestContext,
    error::{Fault, ManagementError},
};

/// How often a change without a precondition starts again. Each time another edit has got through.
pub(super) const ATTEMPTS: usize = 100;

/// Refuses to make a client public that has a secret which still works.
pub(super) fn check_confidential(
    present: &Registration,
    profile: &ClientProfile,
    now: Timestamp,
) -> Result<(), ManagementError> {
    let turns_public = present.client.profile.confidential && !profile.confidential;
    if turns_public && present.has_live_secret(now) {
        return Err(ManagementError::Conflict(
            "a client with a secret is confidential: delete its secrets before you make it public",
        ));
    }
    Ok(())
}

impl Manage {
    /// Replaces a client's profile: fields that are left out get their defaults, but `confidential` stays as it is.
    /// Without a precondition the last to replace wins.
    pub async fn replace_client(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        change: ClientChange,
        context: &RequestContext,
    ) -> Result<Client, ManagementError> {
        let act = Act {
            actor: admin.username(),
            context,
        };
        for _ in 0..ATTEMPTS {
            let present = self.known(client).await?;
            change.precondition.check(&present.client)?;
            change.read_only.check(&present.client)?;
            let start = ClientDraft {
                confidential: present.client.profile.confidential,
                ..ClientDraft::default()
            };
            let profile = change
                .fields
                .onto(start)
                .check_change(&present.client.profile.redirect_uris, &self.0.allowed_custom_schemes)?;
            check_confidential(&present, &profile, context.now)?;
            let revision = present.client.revision;
            match self
                .store_profile(present.client.clone(), &profile, Some(revision), act)
                .await
            {
                Err(ManagementError::Stale) if change.precondition == Precondition::None => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Unavailable("the client is being changed too often".into()).into())
    }

    /// `Stale` when the client's revision is not `expected`. A profile that is there already is not written again.
    pub(super) async fn store_profile(
        &self,
        present: Client,
        profile: &ClientProfile,
        expected: Option<i64>,
        act: Act<'_>,
    ) -> Result<Client, ManagementError> {
        if present.profile == *profile {
            return Ok(present);
        }
        match self
            .0
            .clients
            .replace(present.uid, profile, expected, act.context.now)
            .await?
        {
            ClientReplacement::Replaced(client) => {
                let fields: Vec<_> = differences(&present.profile.to_draft(), &profile.to_draft())
                    .iter()
                    .map(|difference| difference.field)
                    .collect();
                self.client_changed(EventKind::ClientUpdated, client.uid, Some(fields.join(" ")), act)
                    .await;
                Ok(client)
            }
            ClientReplacement::Stale => Err(ManagementError::Stale),
            ClientReplacement::Unknown => Err(ManagementError::NotFound("Client")),
        }
    }
}
