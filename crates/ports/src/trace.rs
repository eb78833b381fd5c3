use tracing::{Instrument as _, Span, field::Empty};

use crate::StoreError;

/// The `target` of the spans that are exported as traces, and of nothing else: log lines have other targets, so neither
/// gets in the other's way. A span whose target nobody wants costs a comparison.
pub const TRACE_TARGET: &str = "otel";

/// Runs one call to a store in a span of its own, named after `operation`: the name of a port's method, or the type name
/// ([`std::any::type_name`]) of a closure in it. What the call is about is never part of the span.
///
/// ```
/// use informer_oauth_ports::{StoreError, traced};
///
/// # async fn example() -> Result<(), StoreError> {
/// let found = traced("redis", "SessionStore.find", async { Ok::<_, StoreError>(42) }).await?;
/// # assert_eq!(found, 42);
/// # Ok(())
/// # }
/// ```
pub async fn traced<T>(
    store: &'static str,
    operation: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let span = tracing::debug_span!(
        target: TRACE_TARGET,
        "store",
        otel.name = format!("{store} {}", named(operation)),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = store,
        db.operation.name = named(operation),
        error.type = Empty,
    );
    let answer = call.instrument(span.clone()).await;
    if let Err(error) = &answer {
        fail(&span, error);
    }
    answer
}

fn fail(span: &Span, error: &StoreError) {
    let kind = match error {
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Corrupt { .. } => "corrupt",
    };
    span.record("otel.status_code", "ERROR").record("error.type", kind);
}

/// `TokenStore.rotate`: of a closure's type name, the method that it stands in, and its trait; anything else as it is.
fn named(operation: &str) -> String {
    let (place, method) = operation
        .trim_end_matches("::{{closure}}")
        .rsplit_once("::")
        .unwrap_or(("", operation));
    let method = method.split('<').next().unwrap_or(method);
    // `<Adapter as Port>` or, where the implementation stands in another module than its type, `<impl Port for Adapter>`.
    let port = place
        .strip_suffix('>')
        .and_then(|place| {
            let named = place.split_once(" as ").map(|(_, port)| port);
            named.or_else(|| Some(place.split_once("<impl ")?.1.split_once(" for ")?.0))
        })
        .and_then(|port| port.rsplit("::").next());
    port.map_or_else(|| method.to_owned(), |port| format!("{port}.{method}"))
}

#[cfg(test)]
mod tests {
    use std::any::type_name_of_val;

    use super::*;

    trait Port {
        fn look_up<'a>(&'a self, key: &'a str) -> &'static str;
    }

    struct Here;
    struct Elsewhere;

    impl Port for Here {
        fn look_up<'a>(&'a self, key: &'a str) -> &'static str {
            let outer = || {
                let inner = || key.len();
                type_name_of_val(&inner)
            };
            outer()
        }
    }

    mod elsewhere {
        impl super::Port for super::Elsewhere {
            fn look_up<'a>(&'a self, key: &'a str) -> &'static str {
                std::any::type_name_of_val(&|| key.len())
            }
        }
    }

    fn free() -> &'static str {
        type_name_of_val(&|| 1)
    }

    #[test]
    fn a_closures_type_names_the_method_that_it_stands_in_and_its_trait() {
        assert_eq!(named(Here.look_up("key")), "Port.look_up");
        assert_eq!(named(Elsewhere.look_up("key")), "Port.look_up");
        assert_eq!(named(free()), "free");
        assert_eq!(named("SessionStore.find"), "SessionStore.find");
        assert_eq!(
            named("<a::Sqlite as b::c::TokenStore>::rotate<'_, '_>::{{closure}}::{{closure}}"),
            "TokenStore.rotate"
        );
    }
}
