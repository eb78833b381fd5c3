//! One connection: request after request, each on the connection's own thread.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, BufReader, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Behaviour, REMEMBERED_REQUESTS, SeenRequest,
    payload::Answer,
    people::People,
    routes, socket,
    wire::{self, Head},
};

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) people: Mutex<People>,
    pub(super) seen: Mutex<VecDeque<SeenRequest>>,
    pub(super) api_token: String,
    behaviour: Mutex<Behaviour>,
    changed: Condvar,
    connections: Mutex<HashMap<u64, TcpStream>>,
    numbers: AtomicU64,
}

impl Shared {
    pub(super) fn new(api_token: String) -> Self {
        Self {
            people: Mutex::default(),
            seen: Mutex::default(),
            api_token,
            behaviour: Mutex::default(),
            changed: Condvar::new(),
            connections: Mutex::default(),
            numbers: AtomicU64::new(0),
        }
    }

    pub(super) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().expect("no thread panics with it") = behaviour;
        self.changed.notify_all();
    }

    /// Closes every connection.
    pub(super) fn sever(&self) {
        for (_, stream) in self.connections.lock().expect("no thread panics with it").drain() {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Talks to whoever has connected, on a thread of its own.
    pub(super) fn welcome(self: &Arc<Self>, stream: TcpStream) {
        let Ok(handle) = stream.try_clone() else { return };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        {
            // In this order, `behave` and then `sever` leave none open.
            let mut connections = self.connections.lock().expect("no thread panics with it");
            if matches!(self.behaviour(), Behaviour::Down | Behaviour::Refusing) {
                return;
            }
            connections.insert(number, handle);
        }
        let shared = Arc::clone(self);
        let talk = move || {
            // Whoever goes away in the middle of a request has a reason.
            let _ = shared.talk(&stream);
            let _ = stream.shutdown(Shutdown::Both);
            shared
                .connections
                .lock()
                .expect("no thread panics with it")
                .remove(&number);
        };
        if thread::Builder::new().spawn(talk).is_err() {
            self.connections
                .lock()
                .expect("no thread panics with it")
                .remove(&number);
        }
    }

    fn behaviour(&self) -> Behaviour {
        self.behaviour.lock().expect("no thread panics with it").clone()
    }

    fn talk(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        loop {
            let (head, seen) = match wire::read(&mut reader, &mut writer) {
                Ok(Some(read)) => read,
                Ok(None) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Answer::error(400, &error.to_string()).write(&mut writer, &Head::default());
                }
                Err(error) => return Err(error),
            };
            self.remember(seen.request.clone());
            if let Some(wrong) = self.misbehave(&mut writer)? {
                wrong.write(&mut writer, &head)?;
            } else {
                let answer = routes::answer(self, &head, &seen);
                answer.write(&mut writer, &head)?;
                if answer.is_upgrade() {
                    return socket::echo(&mut reader, &mut writer);
                }
            }
            if !head.keeps_alive() {
                return Ok(());
            }
        }
    }

    fn remember(&self, request: SeenRequest) {
        let mut seen = self.seen.lock().expect("no thread panics with it");
        if seen.len() == REMEMBERED_REQUESTS {
            seen.pop_front();
        }
        seen.push_back(request);
    }

    /// What is answered instead of the truth, if anything; an error when there is no answer at all.
    fn misbehave(&self, writer: &mut impl Write) -> io::Result<Option<Answer>> {
        match self.behaviour() {
            Behaviour::Well => Ok(None),
            Behaviour::Slow(delay) => {
                let since = Instant::now();
                self.while_it_is(&Behaviour::Slow(delay), || delay.checked_sub(since.elapsed()));
                Ok(None)
            }
            Behaviour::Hanging => {
                self.while_it_is(&Behaviour::Hanging, || Some(Duration::from_secs(60)));
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Behaviour::Down | Behaviour::Refusing => Err(io::ErrorKind::ConnectionAborted.into()),
            Behaviour::Failing(status) => Ok(Some(Answer::error(status, "The fake Informer was told to fail"))),
            Behaviour::Garbage => Ok(Some(Answer::garbage())),
            Behaviour::WrongTypes => Ok(Some(Answer::wrong_types())),
            Behaviour::NotHttp => {
                writer.write_all(b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// Waits until it behaves otherwise, or `left` gives no time any more.
    fn while_it_is(&self, behaviour: &Behaviour, left: impl Fn() -> Option<Duration>) {
        let mut current = self.behaviour.lock().expect("no thread panics with it");
        while *current == *behaviour {
            let Some(left) = left().filter(|left| !left.is_zero()) else {
                return;
            };
            current = self
                .changed
                .wait_timeout(current, left)
                .expect("no thread panics with it")
                .0;
        }
    }
}
