//! The least that a service can do on the same framework: the ceiling that others are compared with.
//!
//! `GET /` answers one word, `POST /` reads a form and answers as much JSON as a token endpoint. One worker, as the service
//! has when it is measured.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};

use actix_web::{App, HttpResponse, HttpServer, web};

/// About as long as an access and a refresh token.
const ANSWER: usize = 600;

async fn read() -> &'static str {
    "hello"
}

async fn answer(form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let filling = ANSWER.saturating_sub(form.len());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(format!("{{\"access_token\":\"{:0>filling$}\"}}", form.len()))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("listening on http://{}", listener.local_addr()?);
    let app = || {
        App::new()
            .route("/", web::get().to(read))
            .route("/", web::post().to(answer))
    };
    HttpServer::new(app).workers(1).listen(listener)?.run().await
}
