//! A collector of traces: takes what is posted to it and reads it as OTLP.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;

use crate::support::comes_true;

/// One request that arrived.
#[derive(Clone)]
pub(crate) struct Arrived {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Collector {
    address: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Collector {
    /// Listens on a free port until the test ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let arrived = Arc::<Mutex<Vec<Arrived>>>::default();
        let collector = Self {
            address,
            arrived: Arc::clone(&arrived),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
                let head = head.to_ascii_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                arrived.lock().unwrap().push(Arrived { head, body });
                // An empty message is full success (OTLP specification, full success).
                let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
                stream.get_mut().write_all(answer).unwrap();
            }
        });
        collector
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// Every span that has arrived.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.arrived()
            .iter()
            .map(|arrived| ExportTraceServiceRequest::decode(arrived.body.as_slice()).unwrap())
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }

    /// The spans of a trace, once one of them satisfies.
    #[track_caller]
    pub(crate) fn trace(&self, id: &str, complete: impl Fn(&Span) -> bool) -> Vec<Span> {
        let of_trace = || {
            let spans = self.spans().into_iter();
            spans.filter(|span| hex(&span.trace_id) == id).collect::<Vec<_>>()
        };
        let came = comes_true(Duration::from_secs(10), || of_trace().iter().any(&complete));
        assert!(came, "of trace {id} there is only {:?}", of_trace());
        of_trace()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A span's attribute as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}
