//! What every part of the HTTP adapter uses: request context, readers of bodies and credentials, both error formats, headers,
//! the access log, metrics, and connections with limits.

pub mod access_log;
pub mod address;
pub mod api_error;
pub mod basic;
pub mod body;
pub mod caller;
pub mod connection;
pub mod context;
pub mod cookies;
pub mod document;
pub mod endpoint;
pub mod etag;
pub mod hal;
pub mod json;
pub mod log_fields;
pub mod metrics;
pub mod network;
pub mod paging;
pub mod parameters;
pub mod pieces;
pub mod protocol_error;
pub mod request_id;
pub mod same_origin;
pub mod security_headers;
pub mod server;
pub mod state;
