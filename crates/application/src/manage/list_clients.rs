use informer_oauth_domain::{client::Client, user::ClientAdministrator};
use informer_oauth_ports::{ClientSort, Page, PageRequest};

use super::Manage;
use crate::error::ManagementError;

/// Which clients are wanted, in which order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientQuery {
    /// What their name or description contains; `None` is any.
    pub text: Option<String>,
    /// By what they are sorted.
    pub sort: ClientSort,
    /// From the end.
    pub descending: bool,
    /// Which part of them.
    pub page: PageRequest,
}

impl Manage {
    /// A page of the clients that a query means.
    pub async fn list_clients(
        &self,
        _admin: &ClientAdministrator,
        query: &ClientQuery,
    ) -> Result<Page<Client>, ManagementError> {
        let text = query.text.as_deref().filter(|text| !text.is_empty());
        Ok(self
            .0
            .clients
            .list(text, query.sort, query.descending, query.page)
            .await?)
    }
}
