//! A simulator in a thread of its own, and the hand on it.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use nix::sys::epoll::EpollEvent;
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::config::Config;
use super::server::{Round, Sim};
use super::stats::Stats;
use crate::error::{Error, Result};

/// Sockets looked at in one round.
const EVENTS: usize = 64;

/// Serves until `stop` becomes readable; whoever asks over the channel gets the account so far.
pub(super) fn serve(sim: Sim, stop: impl AsFd, asked: Option<(&EventFd, &Receiver<Sender<Stats>>)>) -> Result<Stats> {
    let (mut server, listener) = sim.server(stop.as_fd(), asked.map(|(wake, _)| wake.as_fd()))?;
    let mut events = [EpollEvent::empty(); EVENTS];
    loop {
        match server.round(&listener, &mut events)? {
            Round::Worked => {}
            Round::Stopped => return Ok(server.stats()),
            Round::Asked => {
                // Who has stopped waiting for the account needs none.
                asked.iter().flat_map(|(_, questions)| questions.try_iter()).for_each(|answer| {
                    let _ = answer.send(server.stats());
                });
            }
        }
    }
}

/// A simulator that runs in a thread of its own; dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    stop: Arc<EventFd>,
    wake: Arc<EventFd>,
    questions: Sender<Sender<Stats>>,
    thread: Option<JoinHandle<Result<Stats>>>,
}

/// Starts a simulator in a thread of its own. It accepts connections when this returns.
///
/// # Errors
/// When the address cannot be bound, or the system refuses a thread or what it needs.
pub fn start(config: Config) -> Result<Handle> {
    let cannot = |error: &dyn std::fmt::Display| Error::new(format!("cannot start the simulator: {error}"));
    let event = || EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC).map_err(|error| cannot(&error));
    let (stop, wake) = (Arc::new(event()?), Arc::new(event()?));
    let sim = Sim::bind(config)?;
    let address = sim.address();
    let (questions, asked) = channel();
    let (stopped, woken) = (Arc::clone(&stop), Arc::clone(&wake));
    let thread = std::thread::Builder::new().name("sim".to_owned());
    let thread = thread.spawn(move || serve(sim, stopped.as_fd(), Some((&woken, &asked))));
    let thread = Some(thread.map_err(|error| cannot(&error))?);
    Ok(Handle { address, stop, wake, questions, thread })
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
        let ended = || Error::new("the simulator has ended");
        let (answer, account) = channel();
        self.questions.send(answer).map_err(|_| ended())?;
        self.wake.write(1).map_err(|_| ended())?;
        account.recv().map_err(|_| ended())
    }

    /// Stops it; returns its account.
    ///
    /// # Errors
    /// When it had ended with an error before.
    pub fn stop(mut self) -> Result<Stats> {
        self.signal();
        let thread = self.thread.take().expect("only `stop` takes the thread, and it takes the handle");
        thread.join().unwrap_or_else(|_| Err(Error::new("the simulator panicked")))
    }

    fn signal(&self) {
        // An event counter takes a write unless it is at its limit, and then it is readable anyway.
        let _ = self.stop.write(1);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.signal();
    }
}
