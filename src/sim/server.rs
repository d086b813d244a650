//! The loop: one thread, one poller, absolute deadlines. What comes in is readiness and time; what goes out is calls on
//! connections (in `serving`). It sleeps until shortly before the next deadline, then watches the clock.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{self, Backlog, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use super::batch::Batch;
use super::clock::{self, Tie};
use super::config::Config;
use super::conn::{Conn, Fate};
use super::endpoint::Endpoint;
use super::event::{Style, Voice};
use super::fault::Kind;
use super::pace::Rhythm;
use super::poller::{self, Poller, Ready, Wake};
use super::prefix::PrefixCache;
use super::script::Script;
use super::stats::{Counters, Stats};
use super::timers::{Key, Timers};
use super::tokens::Tokens;
use super::wire::Wire;
use crate::error::{Error, Result};

const LISTENER: u64 = poller::HIGHEST;
const BELL: u64 = poller::HIGHEST - 1;
/// The owner of the batching model's deadlines.
pub(super) const BATCH: Key = Key { slot: u32::MAX, generation: 0 };
/// Deadlines served before sockets are looked at again.
const BURST: usize = 256;
/// Room for one read.
const READ_BYTES: usize = 256 * 1024;

/// The listening socket, ready to serve.
pub struct Sim {
    pub(super) config: Config,
    listener: TcpListener,
    address: SocketAddr,
}

/// A place for a connection, and how many it has had.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) generation: u32,
    pub(super) conn: Option<Conn>,
}

/// All that the loop works on.
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) poller: Poller,
    listener: Rc<TcpListener>,
    bell: Rc<UnixStream>,
    pub(super) slots: Vec<Slot>,
    free: Vec<u32>,
    pub(super) timers: Timers,
    pub(super) batch: Option<Batch>,
    pub(super) rhythm: Rhythm,
    pub(super) counters: Counters,
    pub(super) tie: Tie,
    /// One an endpoint, without faults.
    scripts: [Rc<Script>; Endpoint::ALL.len()],
    pub(super) prefix: Option<PrefixCache>,
    pub(super) tokens: Tokens,
    pub(super) buffer: Vec<u8>,
    pub(super) control: Vec<u8>,
    /// Number of the latest generation request.
    pub(super) number: u64,
    /// The first so many connections are reset.
    reset_first: u64,
    accepted: u64,
}

impl Sim {
    /// Binds the address of `config`.
    ///
    /// # Errors
    /// When the address is no loopback address, or cannot be bound.
    pub fn bind(config: Config) -> Result<Self> {
        if !config.host.is_loopback() {
            let error = Error::new(format!("`--host {}` is no loopback address", config.host));
            return Err(error.hint("the simulator serves this host only: say `--host 127.0.0.1`"));
        }
        let address = SocketAddr::new(config.host, config.port);
        let cannot = |error: &dyn std::fmt::Display| Error::new(format!("cannot listen on {address}: {error}"));
        let listener = listen(address).map_err(|error| cannot(&error).hint("choose another `--port`"))?;
        let address = listener.local_addr().map_err(|error| cannot(&error))?;
        Ok(Sim { config, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The loop over this socket; a byte on `bell` calls whoever runs it.
    ///
    /// # Errors
    /// When the system refuses what the loop needs.
    pub(super) fn server(self, bell: UnixStream) -> nix::Result<Server> {
        let (mut poller, listener, bell) = (Poller::new()?, Rc::new(self.listener), Rc::new(bell));
        poller.watch(Rc::clone(&listener), LISTENER)?;
        poller.watch(Rc::clone(&bell), BELL)?;
        Ok(Server::new(self.config, poller, listener, bell))
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpListener::bind(address)?;
    socket.set_nonblocking(true)?;
    // Accepted sockets inherit both.
    setsockopt(&socket, sockopt::TcpNoDelay, &true)?;
    #[cfg(target_os = "linux")]
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    // Thousands of connections may be opened at one instant; the system's own limit still holds.
    socket::listen(&socket, Backlog::MAXCONN)?;
    Ok(socket)
}

/// What ended a round of the loop.
pub(super) enum Round {
    /// Nothing but work.
    Worked,
    /// Somebody has rung the bell.
    Called,
}

impl Server {
    fn new(config: Config, poller: Poller, listener: Rc<TcpListener>, bell: Rc<UnixStream>) -> Self {
        raise_file_limit();
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let script = |endpoint| Rc::new(Script::new(voice(&config, endpoint, created, &[]), Wire::new(&[])));
        let reset_first = config.faults.iter().find_map(|fault| match fault.kind {
            Kind::ResetFirst(count) => Some(count),
            _ => None,
        });
        Server {
            scripts: Endpoint::ALL.map(script),
            prefix: config.engine.prefix_blocks.map(PrefixCache::new),
            tokens: Tokens::new(),
            poller,
            listener,
            bell,
            slots: Vec::new(),
            free: Vec::new(),
            timers: Timers::default(),
            batch: config.batching.map(Batch::new),
            rhythm: Rhythm::new(&config.pace),
            counters: Counters::new(),
            tie: Tie::measure(),
            buffer: vec![0; READ_BYTES],
            control: nix::cmsg_space!(TimeSpec),
            number: 0,
            reset_first: reset_first.unwrap_or(0),
            accepted: 0,
            config,
        }
    }

    /// Sleeps until something happens, and does what is to be done. `ready` is room for what the poller tells.
    pub(super) fn round(&mut self, ready: &mut Vec<Ready>) -> nix::Result<Round> {
        self.serve_deadlines();
        let wake = self.rest();
        self.poller.wait(wake, ready)?;
        self.tie.refresh(clock::now());
        let mut round = Round::Worked;
        for event in ready.iter() {
            match event.key {
                LISTENER => self.accept(),
                BELL => {
                    // Rung once or often: whoever is called looks at all that is asked. Nobody rings once all hands are gone.
                    let _ = (&*self.bell).read(&mut [0; 64]);
                    round = Round::Called;
                }
                _ => self.ready(event),
            }
            self.serve_deadlines();
        }
        Ok(round)
    }

    fn serve_deadlines(&mut self) {
        for _ in 0..BURST {
            let Some((deadline, key)) = self.timers.due(clock::now()) else { break };
            if key == BATCH { self.step(deadline) } else { self.due(key, deadline) }
        }
    }

    /// How long to wait for sockets: not at all close to a deadline.
    fn rest(&self) -> Wake {
        let Some(next) = self.timers.next() else { return Wake::Never };
        let wake = next.saturating_sub(self.config.spin_ns);
        if wake <= clock::now() { Wake::Now } else { Wake::At(wake) }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            self.counters.connections += 1;
            self.accepted += 1;
            let fate = if self.accepted <= self.reset_first { Fate::Reset } else { Fate::Served };
            let conn = Conn::new(stream, fate);
            let slot = self.free.pop().unwrap_or_else(|| {
                self.slots.push(Slot::default());
                u32::try_from(self.slots.len() - 1).expect("connections are limited by the system's files")
            });
            let place = &mut self.slots[slot as usize];
            let key = Key { slot, generation: place.generation };
            if self.poller.watch(Rc::clone(&conn.stream), key.pack()).is_ok() {
                place.conn = Some(conn);
            } else {
                self.free.push(slot);
            }
        }
    }

    /// The connection that `key` means, if it is still there.
    pub(super) fn conn(&mut self, key: Key) -> Option<&mut Conn> {
        let place = self.slots.get_mut(key.slot as usize)?;
        if place.generation == key.generation { place.conn.as_mut() } else { None }
    }

    /// Closes a connection and forgets what was under way on it.
    pub(super) fn drop_conn(&mut self, key: Key) {
        if self.conn(key).is_none() {
            return;
        }
        let place = &mut self.slots[key.slot as usize];
        place.conn = None;
        place.generation = place.generation.wrapping_add(1);
        self.poller.forget(key.pack());
        self.free.push(key.slot);
        if let Some(batch) = &mut self.batch {
            batch.leave(key);
        }
    }

    /// The account so far.
    pub(super) fn stats(&self) -> Stats {
        let answering = self.slots.iter().filter(|slot| slot.conn.as_ref().is_some_and(|conn| conn.active.is_some()));
        let (running, waiting) = self.batch.as_ref().map_or_else(|| (answering.count(), 0), Batch::load);
        self.counters.stats(running, waiting)
    }

    /// A script for answers with these faults.
    pub(super) fn script(&self, endpoint: Endpoint, faults: &[Kind]) -> Rc<Script> {
        let plain = &self.scripts[endpoint as usize];
        if faults.is_empty() {
            return Rc::clone(plain);
        }
        let voice = voice(&self.config, endpoint, plain.voice.created, faults);
        Rc::new(Script::new(voice, Wire::new(faults)))
    }
}

fn voice(config: &Config, endpoint: Endpoint, created: u64, faults: &[Kind]) -> Voice {
    let quoted = serde_json::Value::from(config.model.as_str()).to_string();
    let model = quoted[1..quoted.len() - 1].to_owned();
    Voice { endpoint, shape: config.shape, model, created, style: Style::new(faults) }
}

/// A connection is a file: as many as the system lets this process have.
fn raise_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it is refused, the limit stays and too many connections wait in the listener's queue.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
