//! A simulator in a thread of its own, and the hand on it.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::config::Config;
use super::server::{Round, Server, Sim};
use super::stats::Stats;
use crate::error::{Error, Result};

/// What a simulator that serves is told.
#[derive(Debug)]
enum Order {
    /// Give the account so far.
    Account(Sender<Stats>),
    /// End.
    Stop,
}

/// A line to a simulator that serves: orders, and the bell that wakes it for them.
#[derive(Debug)]
pub struct Line {
    orders: Sender<Order>,
    bell: UnixStream,
}

/// The simulator's end of a [`Line`].
#[derive(Debug)]
pub struct Ear {
    orders: Receiver<Order>,
    bell: UnixStream,
}

/// Both ends of a new line.
///
/// # Errors
/// When the system refuses a pair of sockets.
pub fn line() -> Result<(Line, Ear)> {
    let cannot = |cause| Error::new(format!("cannot start the simulator: {cause}"));
    let (near, far) = UnixStream::pair().map_err(cannot)?;
    near.set_nonblocking(true).and_then(|()| far.set_nonblocking(true)).map_err(cannot)?;
    let (sender, orders) = channel();
    Ok((Line { orders: sender, bell: near }, Ear { orders, bell: far }))
}

impl Line {
    /// Tells the simulator to end. One that has ended already is not told.
    pub fn stop(&self) {
        let _ = self.give(Order::Stop);
    }

    fn give(&self, order: Order) -> Result<()> {
        let ended = || Error::new("the simulator has ended");
        self.orders.send(order).map_err(|_| ended())?;
        // A bell that takes no more has been rung and not yet heard.
        match (&self.bell).write(&[0]) {
            Err(cause) if cause.kind() != std::io::ErrorKind::WouldBlock => Err(ended()),
            _ => Ok(()),
        }
    }
}

impl Sim {
    /// Serves in this thread until the line says stop; returns its account.
    ///
    /// # Errors
    /// When the system refuses what the loop needs.
    pub fn run(self, ear: Ear) -> Result<Stats> {
        let cannot = |cause: nix::Error| Error::new(format!("cannot watch sockets: {cause}"));
        let mut server = self.server(ear.bell).map_err(cannot)?;
        let mut ready = Vec::new();
        loop {
            if let Round::Called = server.round(&mut ready).map_err(cannot)?
                && has_to_stop(&server, &ear.orders)
            {
                return Ok(server.stats());
            }
        }
    }
}

/// Does what is asked; tells whether it was to stop.
fn has_to_stop(server: &Server, orders: &Receiver<Order>) -> bool {
    for order in orders.try_iter() {
        match order {
            Order::Stop => return true,
            // Who has stopped waiting for the account needs none.
            Order::Account(answer) => drop(answer.send(server.stats())),
        }
    }
    false
}

/// A simulator that runs in a thread of its own; dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    line: Line,
    thread: Option<JoinHandle<Result<Stats>>>,
}

/// Starts a simulator in a thread of its own. It accepts connections when this returns.
///
/// # Errors
/// When the address cannot be bound, or the system refuses a thread or what it needs.
pub fn start(config: Config) -> Result<Handle> {
    let (line, ear) = line()?;
    let sim = Sim::bind(config)?;
    let address = sim.address();
    let thread = std::thread::Builder::new().name("sim".to_owned()).spawn(move || sim.run(ear));
    let thread = thread.map_err(|cause| Error::new(format!("cannot start the simulator: {cause}")))?;
    Ok(Handle { address, line, thread: Some(thread) })
}

impl Handle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its account so far.
    ///
    /// # Errors
    /// When its thread has ended.
    pub fn stats(&self) -> Result<Stats> {
        let (answer, account) = channel();
        self.line.give(Order::Account(answer))?;
        account.recv().map_err(|_| Error::new("the simulator has ended"))
    }

    /// Stops it; returns its account.
    ///
    /// # Errors
    /// When it had ended with an error before.
    pub fn stop(mut self) -> Result<Stats> {
        self.line.stop();
        let thread = self.thread.take().expect("only `stop` takes the thread, and it takes the handle");
        thread.join().unwrap_or_else(|_| Err(Error::new("the simulator panicked")))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.line.stop();
    }
}
