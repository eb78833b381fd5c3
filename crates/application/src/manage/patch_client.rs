use informer_oauth_domain::{client::Client, id::ClientRef, user::ClientAdministrator};

use super::{
    Act, ClientChange, Manage, Precondition,
    replace_client::{ATTEMPTS, check_confidential},
};
use crate::{
    context::RequestContext,
    error::{Fault, ManagementError},
};

impl Manage {
    /// Sets some of a client's fields (RFC 7396). Without a precondition it starts again whenever another edit was
    /// faster, so that of two patches to different fields neither is lost.
    pub async fn patch_client(
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
            let registration = self.known(client).await?;
            let present = registration.client.clone();
            change.precondition.check(&present)?;
            change.read_only.check(&present)?;
            let profile = change
                .fields
                .onto(present.profile.to_draft())
                .check_change(&present.profile.redirect_uris, &self.0.allowed_custom_schemes)?;
            check_confidential(&registration, &profile, context.now)?;
            let revision = present.revision;
            match self.store_profile(present, &profile, Some(revision), act).await {
                Err(ManagementError::Stale) if change.precondition == Precondition::None => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Unavailable("the client is being changed too often".into()).into())
    }
}
