//! Finding the client that a command is about.

use anyhow::bail;
use informer_oauth_application::Application;
use informer_oauth_domain::{client::Client, user::ClientAdministrator};

/// Finds a client by its `client_id`, its id or its exact name.
pub(super) async fn find(app: &Application, admin: &ClientAdministrator, named: &str) -> anyhow::Result<Client> {
    match app.manage.find_client(admin, named).await? {
        Some(client) => Ok(client),
        None => bail!("there is no client {named:?}; `informer-oauth client list` shows them all"),
    }
}
