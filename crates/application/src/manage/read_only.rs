use informer_oauth_domain::client::Client;

use crate::error::ManagementError;

/// The fields of a client that nobody sets, as a caller sent them back. They are let through when they say what is so:
/// whoever reads a client and replaces it with that answer must succeed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadOnly {
    /// `id`
    pub id: Option<String>,
    /// `client_id`
    pub client_id: Option<String>,
    /// `createdAt`
    pub created_at: Option<String>,
    /// `updatedAt`
    pub updated_at: Option<String>,
    /// `createdBy`
    pub created_by: Option<String>,
    /// `source`
    pub source: Option<String>,
}

macro_rules! refused {
    ($field:literal) => {
        ManagementError::InvalidValue {
            field: $field,
            message: concat!($field, " is set by the service and cannot be changed"),
        }
    };
}

impl ReadOnly {
    /// Whether every field says what is so.
    pub(super) fn check(&self, client: &Client) -> Result<(), ManagementError> {
        let differs = |claim: &Option<String>, present: String| claim.as_ref().is_some_and(|claim| *claim != present);
        first([
            (differs(&self.id, client.uid.to_string()), refused!("id")),
            (
                differs(&self.client_id, client.client_id.to_string()),
                refused!("client_id"),
            ),
            (
                differs(&self.created_at, client.created_at.to_string()),
                refused!("createdAt"),
            ),
            (
                differs(&self.updated_at, client.updated_at.to_string()),
                refused!("updatedAt"),
            ),
            (
                differs(&self.created_by, client.created_by.clone()),
                refused!("createdBy"),
            ),
            (
                differs(&self.source, client.source.as_str().to_owned()),
                refused!("source"),
            ),
        ])
    }

    /// Before there is a client nothing can be so, but that a built-in template has its `client_id`.
    pub(super) fn check_new(&self, client_id: Option<String>) -> Result<(), ManagementError> {
        let Self {
            id,
            client_id: claimed,
            created_at,
            updated_at,
            created_by,
            source,
        } = self;
        first([
            (id.is_some(), refused!("id")),
            (claimed.is_some() && *claimed != client_id, refused!("client_id")),
            (created_at.is_some(), refused!("createdAt")),
            (updated_at.is_some(), refused!("updatedAt")),
            (created_by.is_some(), refused!("createdBy")),
            (source.is_some(), refused!("source")),
        ])
    }
}

fn first(claims: [(bool, ManagementError); 6]) -> Result<(), ManagementError> {
    claims
        .into_iter()
        .find_map(|(wrong, error)| wrong.then_some(error))
        .map_or(Ok(()), Err)
}
