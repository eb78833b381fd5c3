use informer_oauth_domain::client::ClientDraft;

/// A field that differs between two descriptions of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Its wire name.
    pub field: &'static str,
    /// The old value; the entries of a list are separated by spaces.
    pub before: String,
    /// The new value.
    pub after: String,
}

/// Returns the fields in which two drafts differ, in the order of the wire format.
pub fn differences(before: &ClientDraft, after: &ClientDraft) -> Vec<Difference> {
    let pairs = before.fields().into_iter().zip(after.fields());
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Difference { field, before, after })
        .collect()
}
