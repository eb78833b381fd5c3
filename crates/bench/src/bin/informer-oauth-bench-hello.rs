//! The least that a service can do on the same framework: the ceiling that others are compared with.
//!
//! `GET /` answers one word; given a file with an HTTP answer, whatever is asked is answered with its fields and its body. One
//! worker, as the service has when it is measured.

use std::net::{Ipv4Addr, TcpListener};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result, bail};

/// More header fields than any answer has.
const MAX_FIELDS: usize = 64;

async fn read() -> &'static str {
    "hello"
}

#[derive(Clone)]
struct Answer {
    fields: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    fn parse(received: &[u8]) -> Result<Self> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(length) = head.parse(received)? else {
            bail!("the answer's head is not complete");
        };
        let mut kept = Vec::new();
        for field in head.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes())?;
            // The framework writes them.
            if ![CONNECTION, CONTENT_LENGTH, DATE].contains(&name) {
                kept.push((name, HeaderValue::from_bytes(field.value)?));
            }
        }
        let body = received.get(length..).unwrap_or_default();
        Ok(Self {
            fields: kept,
            body: Bytes::copy_from_slice(body),
        })
    }

    fn give(&self) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::OK).set_body(BoxBody::new(self.body.clone()));
        let headers = response.headers_mut();
        for (name, value) in &self.fields {
            headers.insert(name.clone(), value.clone());
        }
        response
    }
}

#[actix_web::main]
async fn main() -> Result<()> {
    let answer = std::env::args_os()
        .nth(1)
        .map(|path| Answer::parse(&std::fs::read(path).context("reading the answer")?))
        .transpose()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("listening on http://{}", listener.local_addr()?);
    if let Some(answer) = answer {
        let app = move || {
            let answer = answer.clone();
            let give = move || std::future::ready(answer.give());
            App::new().default_service(web::to(give))
        };
        HttpServer::new(app).workers(1).listen(listener)?.run().await?;
    } else {
        let app = || App::new().route("/", web::get().to(read));
        HttpServer::new(app).workers(1).listen(listener)?.run().await?;
    }
    Ok(())
}
