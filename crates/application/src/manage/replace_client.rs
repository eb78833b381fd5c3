use informer_oauth_domain::{
    audit::EventKind,
    client::{Client, ClientDraft, ClientProfile},
    id::ClientRef,
    user::ClientAdministrator,
};
use informer_oauth_ports::ClientReplacement;

use super::{Act, ClientChange, Manage, differences};
use crate::{context::RequestContext, error::ManagementError};

impl Manage {
    /// Replaces a client's profile: fields that are left out get their defaults. Without a precondition the last to
    /// replace wins.
    pub async fn replace_client(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        change: ClientChange,
        context: &RequestContext,
    ) -> Result<Client, ManagementError> {
        let present = self.known(client).await?.client.clone();
        let expected = change.precondition.check(&present)?;
        change.read_only.check(&present)?;
        let profile = change
            .fields
            .onto(ClientDraft::default())
            .check_change(&present.profile.redirect_uris, &self.0.allowed_custom_schemes)?;
        self.store_profile(
            present,
            &profile,
            expected,
            Act {
                actor: admin.username(),
                context,
            },
        )
        .await
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
