use informer_oauth_domain::client::ClientDraft;
use serde_json::{Map, Value};

use super::{Precondition, ReadOnly};

/// Some fields of a client to set, by their wire names: a merge patch (RFC 7396). `null` sets the field's default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientPatch(Map<String, Value>);

/// The patch has a member that is no field of a client, or whose value has the wrong type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidPatch {
    /// The member's name.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ClientPatch {
    /// Checks the names and the types of the members of a JSON object.
    ///
    /// A name has no default, so `null` is refused there. The default of `confidential` depends on the client's secrets, so
    /// `null` leaves it as it is.
    pub fn parse(mut members: Map<String, Value>) -> Result<Self, InvalidPatch> {
        if members.get("name").is_some_and(Value::is_null) {
            return Err(InvalidPatch {
                field: "name".to_owned(),
                reason: "must be a string".to_owned(),
            });
        }
        if members.get("confidential").is_some_and(Value::is_null) {
            members.remove("confidential");
        }
        let patch = Self(members);
        patch.merge(ClientDraft::default())?;
        Ok(patch)
    }

    /// Sets every field.
    pub fn whole(draft: &ClientDraft) -> Self {
        Self(members(draft))
    }

    /// Sets one more field.
    ///
    /// # Panics
    ///
    /// If a client has no such field, or one of another type.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        Self::parse(self.0).expect("the field is one of a client's")
    }

    /// Returns the name, if the patch sets it.
    pub fn name(&self) -> Option<&str> {
        self.0.get("name")?.as_str()
    }

    /// Returns the draft with these fields set.
    pub fn onto(&self, draft: ClientDraft) -> ClientDraft {
        self.merge(draft).expect("the names and types were checked")
    }

    fn merge(&self, draft: ClientDraft) -> Result<ClientDraft, InvalidPatch> {
        let mut fields = members(&draft);
        for (field, value) in &self.0 {
            if value.is_null() && fields.contains_key(field) {
                fields.remove(field);
            } else {
                fields.insert(field.clone(), value.clone());
            }
        }
        serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| InvalidPatch {
            field: error.path().to_string(),
            reason: error.into_inner().to_string(),
        })
    }
}

fn members(draft: &ClientDraft) -> Map<String, Value> {
    match serde_json::to_value(draft) {
        Ok(Value::Object(members)) => members,
        _ => unreachable!("a draft is an object of texts, flags and lists"),
    }
}

/// A request to change a client: the fields to set, what the caller believes about the others, and the condition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientChange {
    /// The fields to set.
    pub fields: ClientPatch,
    /// Fields that cannot be set, as the caller sent them.
    pub read_only: ReadOnly,
    /// `If-Match`.
    pub precondition: Precondition,
}
