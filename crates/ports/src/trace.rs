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
        otel.name = format_args!("{store} {}", method(operation)),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = store,
        db.operation.name = method(operation),
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

/// The name of the method: of a closure's type name, the last part that is no closure.
fn method(operation: &'static str) -> &'static str {
    let named = operation.trim_end_matches("::{{closure}}");
    named.rsplit("::").next().unwrap_or(named)
}

#[cfg(test)]
mod tests {
    use std::any::type_name_of_val;

    use super::*;

    trait Port {
        fn look_up(&self) -> &'static str;
    }

    struct Adapter;

    impl Port for Adapter {
        fn look_up(&self) -> &'static str {
            let outer = || {
                let inner = || 1;
                type_name_of_val(&inner)
            };
            outer()
        }
    }

    #[test]
    fn a_closures_type_names_the_method_that_it_stands_in() {
        assert_eq!(method(Adapter.look_up()), "look_up");
        assert_eq!(method("SessionStore.find"), "SessionStore.find");
    }
}
