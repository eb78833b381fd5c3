//! Log lines: to standard error, so that standard output stays what a person asked for.

mod escape;
mod health;

use std::{
    io::{self, IsTerminal as _},
    panic,
};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    filter::Targets,
    fmt,
    layer::{Layer as _, SubscriberExt as _},
    registry,
    util::SubscriberInitExt as _,
};

use informer_oauth_ports::TRACE_TARGET;

pub(crate) use health::{LogHealth, describe_metrics};

use self::{escape::Escaped, health::Malformed};
use crate::{
    config::{Format, Log},
    output::may_use_colour,
    telemetry::Traces,
};

/// Starts logging, and handing over traces where they are sent. Commands other than `serve` say on standard output what they did, so their log is for trouble only.
///
/// A thread writes the lines. Lines beyond `WAITING` that nobody reads are dropped and counted.
pub(crate) fn start(log: &Log, serving: bool, traces: Option<&Traces>) -> Started {
    let terminal = io::stderr().is_terminal();
    let json = is_json(log.format, terminal);
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(serving)
        .buffered_lines_limit(WAITING)
        .thread_name("log")
        .finish(io::stderr());
    let malformed = Malformed::default();
    let health = LogHealth {
        lost: writer.error_counter(),
        malformed: malformed.clone(),
    };
    let lines = fmt::layer().with_writer(move || Escaped {
        to: writer.clone(),
        json,
    });
    let lines = if json {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed()
    } else {
        lines.with_ansi(terminal && may_use_colour()).boxed()
    };
    let parser = Targets::new().with_target("actix_http", LevelFilter::ERROR);
    let lines = registry()
        .with(lines.with_filter(targets(log, serving)))
        .with(malformed.with_filter(parser));
    // Not as an `Option` of a layer: one that is not there wants every span.
    match traces {
        Some(traces) => lines.with(traces.layer()).init(),
        None => lines.init(),
    }
    if serving {
        // The default writes to standard error itself, which would wait for its reader.
        panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
    Started { guard, health }
}

/// Lines that may wait to be written.
const WAITING: usize = 8192;

/// A log that was started.
pub(crate) struct Started {
    /// Writes the lines that wait, for a second at most, when it is dropped.
    pub(crate) guard: WorkerGuard,
    pub(crate) health: LogHealth,
}

const fn is_json(format: Format, terminal: bool) -> bool {
    match format {
        Format::Auto => !terminal,
        Format::Pretty => false,
        Format::Json => true,
    }
}

fn targets(log: &Log, serving: bool) -> Targets {
    // Spans for traces are not for log lines: where no traces are sent, they then cost nothing.
    let targets = log
        .targets()
        .unwrap_or_default()
        .with_target(TRACE_TARGET, LevelFilter::OFF);
    if log.level.contains('=') {
        return targets;
    }
    let ceiling = if serving { LevelFilter::TRACE } else { LevelFilter::WARN };
    let level = targets.default_level().unwrap_or(LevelFilter::INFO).min(ceiling);
    // They tell how many threads they start, and of every client that hangs up.
    let server = level.min(LevelFilter::WARN);
    Targets::new()
        .with_default(level)
        .with_target(TRACE_TARGET, LevelFilter::OFF)
        .with_target("actix_server", server)
        // What it says of malformed requests is counted instead.
        .with_target("actix_http", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_people_on_a_terminal_and_for_programs_elsewhere() {
        assert!(is_json(Format::Auto, false) && !is_json(Format::Auto, true));
        assert!(is_json(Format::Json, true) && !is_json(Format::Pretty, false));
    }

    #[test]
    fn without_traces_no_span_is_made() {
        let lines = fmt::layer()
            .with_writer(io::sink)
            .with_filter(targets(&Log::default(), true));
        tracing::subscriber::with_default(registry().with(lines), || {
            assert!(tracing::info_span!(target: TRACE_TARGET, "request").is_disabled());
        });
    }

    #[test]
    fn spans_for_traces_are_never_for_the_log() {
        for level in ["trace", "info", "debug,otel=trace"] {
            let log = Log {
                level: level.into(),
                ..Log::default()
            };
            assert!(
                !targets(&log, true).would_enable(TRACE_TARGET, &tracing::Level::ERROR),
                "{level}"
            );
        }
    }

    #[test]
    fn commands_log_trouble_only() {
        let log = Log::default();
        let would = |serving: bool, level| targets(&log, serving).would_enable("informer_oauth", &level);
        assert!(would(true, tracing::Level::INFO) && !would(true, tracing::Level::DEBUG));
        assert!(would(false, tracing::Level::WARN) && !would(false, tracing::Level::INFO));
    }
}
