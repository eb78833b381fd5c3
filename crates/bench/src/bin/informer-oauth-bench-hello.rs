//! The least that a service can do on the same framework: the ceiling that others are compared with.
//!
//! `GET /` answers one word. One worker, as the service has when it is measured.

use std::net::{Ipv4Addr, TcpListener};

use actix_web::{App, HttpServer, web};

async fn read() -> &'static str {
    "hello"
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("listening on http://{}", listener.local_addr()?);
    let app = || App::new().route("/", web::get().to(read));
    HttpServer::new(app).workers(1).listen(listener)?.run().await
}
