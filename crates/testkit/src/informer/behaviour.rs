//! How the fake behaves.

use std::time::Duration;

/// What becomes of every request, whatever it asks for, until something else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers at once, as Informer does.
    #[default]
    Well,
    /// Answers well, this much later.
    Slow(Duration),
    /// Reads the request and never answers.
    Hanging,
    /// Accepts connections and closes them at once; those that were open are closed too.
    Down,
    /// Nothing listens: connections are refused, and those that were open are closed.
    Refusing,
    /// An error of Hapi's shape with this status.
    Failing(u16),
    /// 200 with the content type of JSON, and a body that breaks off and is no JSON.
    Garbage,
    /// 200 with JSON whose members have the right names and values of wrong types: `"active": "yes"`, `"superuser": 1`.
    WrongTypes,
    /// Bytes that are not HTTP.
    NotHttp,
}
