//! A server that says what it is told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// Answers the first request with the first answer and so on, and every later one with the last. After an empty one it
/// closes the connection.
pub(super) struct Server {
    url: String,
    heard: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Server {
    pub(super) async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heard, asked) = (Arc::<Mutex<String>>::default(), Arc::<AtomicUsize>::default());
        let (hears, counts, answers) = (Arc::clone(&heard), Arc::clone(&asked), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (hears, counts, answers) = (Arc::clone(&hears), Arc::clone(&counts), Arc::clone(&answers));
                tokio::spawn(async move {
                    let mut buffer = [0; 16 * 1024];
                    // A request without a body arrives in one piece.
                    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                        hears
                            .lock()
                            .unwrap()
                            .push_str(&String::from_utf8_lossy(&buffer[..read]));
                        let number = counts.fetch_add(1, Ordering::SeqCst);
                        let answer = answers.get(number).or(answers.last()).unwrap();
                        if answer.is_empty() || stream.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, heard, asked }
    }

    pub(super) fn informer(&self) -> Informer {
        informer(InformerSettings {
            api_token: Some(Secret::new("token".into())),
            ..settings(&self.url)
        })
    }

    /// All that was sent to it.
    pub(super) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    /// How many requests came.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A whole answer with a body of JSON.
pub(super) fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What is told of `ada`.
pub(super) const ADA: &str = r#"{"username":"ada","displayName":"Ada","enabled":true,"locked":false,"superuser":true}"#;
