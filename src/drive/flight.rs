//! One request from its start to its record: a connection, one write, reads until the answer ends.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::Patience;
use super::answer::{Answer, Reason};
use super::connect::{self, Connection, plain};
use super::reply::{Progress, Reply};
use super::worker::Worker;
use crate::error::seconds;
use crate::plan::Job;
use crate::record::{Failure, Finished, Outcome, Record, Said, Task, Tick};

/// How long an answer that is whole waits in its place for the end of its body.
const IN_PLACE: Duration = Duration::from_millis(100);
/// How long the words of a refusal are waited for, from its head on, and `[DONE]` where all else has been said.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long the connection of an answer that is whole is kept for its end, so that it may serve again.
const AFTER_DONE: Duration = Duration::from_secs(1);

/// Of a request whose thread broke.
const BUG: &str = "a bug in llmbench ended this request";

/// The record of a job whose worker died before it could start.
pub(super) fn unsent(job: Job) -> Finished {
    let Job { id, due, input_tokens, inputs, audio_seconds, workload, .. } = job;
    let (outcome, times) = (
        Outcome::Failed(Failure::Other),
        Record { due, sent: due, first: due, last: due, end: due, ..Record::default() },
    );
    let record = Record { id, input_tokens, inputs, outcome, ..times };
    Finished { record, connected: due, detail: BUG.to_owned(), audio_seconds, workload, ..Finished::default() }
}

/// A request under way. One that is dropped before its end is recorded as cancelled.
pub(super) struct Flight {
    worker: Rc<Worker>,
    job: Job,
    connection: Option<Connection>,
    written: usize,
    connected: Tick,
    sent: Tick,
    reply: Reply,
    landed: bool,
}

/// Why reading an answer stopped early.
enum Broken {
    /// The request failed.
    Failed(Reason),
    /// A connection that had served before was closed before this answer began.
    Stale,
}

impl Flight {
    /// Begins a request: where a connection is open, its bytes are written before this returns.
    pub(super) fn start(worker: Rc<Worker>, job: Job) -> Self {
        let reply = worker.reply();
        let now = worker.clock().now();
        let mut flight =
            Flight { worker, job, connection: None, written: 0, connected: now, sent: now, reply, landed: false };
        if let Some(connection) = flight.worker.idle_connection(flight.job.server) {
            flight.send(connection);
        }
        flight
    }

    /// Sees the request to its end.
    pub(super) async fn run(mut self) {
        let Patience { limit, flag } = self.worker.patience();
        let result = match tokio::time::timeout(limit, self.attempt()).await {
            Ok(result) => result,
            Err(_) => Err(self.reply.refusal().unwrap_or_else(|| {
                let what = format!("no {} within {} ({flag})", self.awaited(), seconds(limit));
                (Failure::Timeout, what)
            })),
        };
        self.land(result);
        if self.connection.is_some() {
            let _ = tokio::time::timeout(AFTER_DONE, self.drain()).await;
        }
    }

    /// What a request that took too long was waiting for.
    fn awaited(&self) -> String {
        match (&self.connection, self.reply.is_untouched()) {
            (None, true) => format!("connection to {}", self.worker.target(self.job.server).shown()),
            (_, true) => "answer".to_owned(),
            _ => "end".to_owned(),
        }
    }

    /// Reads to the end of a body whose answer has landed, so that its connection may serve again.
    async fn drain(&mut self) {
        while let Some(connection) = self.connection.as_mut() {
            let worker = &self.worker;
            let read = poll_fn(|cx| connection.wire.poll_read(cx, &mut worker.scratch())).await;
            let Some(arrival) = read.ok().filter(|arrival| arrival.bytes > 0) else { return };
            let progress = self.reply.feed(&self.worker.scratch().bytes[..arrival.bytes], Tick::ZERO);
            match progress {
                Ok(Progress::More) => {}
                Ok(Progress::Ended) => self.release(),
                Err(_) => return,
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), Reason> {
        loop {
            if self.connection.is_none() {
                let early = self.worker.connects_in_request().then(|| self.worker.clock().now());
                let connection = connect::open(self.worker.target(self.job.server)).await?;
                self.worker.note_connection(connection.took);
                self.send(connection);
                self.sent = early.unwrap_or(self.sent);
            }
            match self.exchange().await {
                Ok(()) => return Ok(()),
                Err(Broken::Failed(reason)) => return Err(reason),
                Err(Broken::Stale) => {
                    self.worker.note_stale();
                    self.connection = None;
                }
            }
        }
    }

    /// Starts the clock and writes what the kernel takes at once.
    fn send(&mut self, mut connection: Connection) {
        let clock = self.worker.clock();
        self.connected = clock.tick(connection.opened);
        self.sent = clock.now();
        // The pacer hands a job over a moment early, so that it can leave when it is due and never before.
        while self.sent < self.job.due {
            std::hint::spin_loop();
            self.sent = clock.now();
        }
        // A write that fails shows itself in the flush or the read that follows.
        self.written = connection.wire.try_write(&self.job.bytes).unwrap_or(0);
        self.connection = Some(connection);
    }

    async fn exchange(&mut self) -> Result<(), Broken> {
        let (mut flushed, mut leave_at) = (None, None);
        loop {
            let connection = self.connection.as_mut().expect("an exchange has a connection");
            let (worker, bytes, written) = (&self.worker, &self.job.bytes, &mut self.written);
            // An answer may come before the request is taken, and instead of it.
            let read = poll_fn(|cx| {
                if flushed.is_none()
                    && let Poll::Ready(done) = connection.wire.poll_write(cx, bytes, written)
                {
                    flushed = Some(done);
                }
                connection.wire.poll_read(cx, &mut worker.scratch())
            });
            let read = match leave_at {
                None => read.await,
                // What matters has come: whatever still comes renews no deadline, and costs the connection and nothing else.
                Some(at) => match tokio::time::timeout_at(at, read).await {
                    Ok(read) => read,
                    Err(_) => {
                        self.reply.answer.said.open = self.reply.answer.is_whole();
                        return self.reply.verdict().map_err(Broken::Failed);
                    }
                },
            };
            let arrival = match read {
                Ok(arrival) if arrival.bytes > 0 => arrival,
                ended => return self.cut(ended.err().or(flushed.and_then(Result::err))),
            };
            if self.reply.is_untouched() {
                connection.used = true;
            }
            let stamp = worker.note_arrival(&arrival);
            let before = self.reply.answer.chunks.len();
            let progress = self.reply.feed(&worker.scratch().bytes[..arrival.bytes], stamp);
            worker.note_chunks(self.reply.answer.chunks.len() - before);
            worker.start_due(arrival.read);
            match progress.map_err(Broken::Failed)? {
                Progress::More => {}
                Progress::Ended => {
                    match flushed {
                        Some(Ok(())) => self.release(),
                        // What is left of the request would be read as another.
                        _ => self.connection = None,
                    }
                    return self.reply.verdict().map_err(Broken::Failed);
                }
            }
            if flushed.is_some() {
                self.worker.let_go(&mut self.job);
            }
            leave_at = self.rest().map(|wait| {
                let at = tokio::time::Instant::now() + wait;
                leave_at.map_or(at, |before| at.min(before))
            });
        }
    }

    /// How long the rest of an answer is waited for of which what matters has come.
    fn rest(&self) -> Option<Duration> {
        if self.reply.answer.is_done() {
            return Some(IN_PLACE);
        }
        (self.reply.answer.is_whole() || self.reply.is_refusal()).then_some(LAST_WORDS)
    }

    /// The connection has ended, by the peer's close or by an error.
    fn cut(&mut self, error: Option<io::Error>) -> Result<(), Broken> {
        let used = self.connection.take().is_some_and(|connection| connection.used);
        if used && self.reply.is_untouched() {
            return Err(Broken::Stale);
        }
        let verdict = self.reply.verdict();
        match (verdict, error) {
            (Err((Failure::Truncated | Failure::Reset, _)), Some(error)) => {
                Err(Broken::Failed((class_of(&error), format!("the connection broke: {}", plain(&error)))))
            }
            (verdict, _) => verdict.map_err(Broken::Failed),
        }
    }

    /// Lets the connection serve another request, if it may.
    fn release(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.reply.keeps_connection()
        {
            self.worker.keep_connection(self.job.server, connection);
        }
    }

    /// What the answer says, and what it says of the request's own counts.
    fn said(&self, answer: &Answer) -> Said {
        let fewer = |told: Option<u32>, asked: u32| told.is_some_and(|told| told < asked);
        let pooled = self.worker.task() == Task::Pooling;
        let prompt = answer.usage.and_then(|usage| usage.prompt_tokens);
        Said {
            short: !pooled && fewer(answer.output_tokens(), self.job.output_tokens),
            // Tokenizers differ by a few.
            cut: pooled && fewer(prompt, self.job.input_tokens / 20 * 19),
            ..answer.said.clone()
        }
    }

    /// Hands on the record and gives the place back.
    fn land(&mut self, result: Result<(), Reason>) {
        self.landed = true;
        let end = self.worker.clock().now();
        let answer = self.reply.take_answer();
        let counted = answer.output_tokens().filter(|_| result.is_ok());
        let said = self.said(&answer);
        let (outcome, detail) = match result {
            Ok(()) => (Outcome::Done, String::new()),
            Err((why, detail)) => (Outcome::Failed(why), detail),
        };
        let record = Record {
            id: self.job.id,
            input_tokens: answer.usage.and_then(|usage| usage.prompt_tokens).unwrap_or(self.job.input_tokens),
            output_tokens: counted.unwrap_or(0),
            chunks: answer.chunks.len() as u32,
            inputs: self.job.inputs,
            due: self.job.due,
            sent: self.sent,
            first: answer.chunks.first().copied().unwrap_or(self.sent),
            last: answer.chunks.last().copied().unwrap_or(self.sent),
            end,
            outcome,
        };
        let tokens = if answer.tokens.len() == answer.chunks.len() { answer.tokens } else { Vec::new() };
        let finished = Finished {
            record,
            connected: self.connected,
            chunks: answer.chunks,
            tokens,
            text: answer.text,
            request: self.worker.kept(self.job.body()),
            counted_by_server: counted.is_some(),
            detail,
            audio_seconds: self.job.audio_seconds,
            server: answer.server,
            workload: self.job.workload,
            said,
        };
        self.worker.landed(finished, self.job.then.take());
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            let reason = match std::thread::panicking() {
                true => (Failure::Other, BUG.to_owned()),
                false => (Failure::Cancelled, "the run was stopped".to_string()),
            };
            self.land(Err(reason));
        }
    }
}

fn class_of(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => Failure::Reset,
        io::ErrorKind::InvalidData => Failure::Tls,
        io::ErrorKind::UnexpectedEof => Failure::Truncated,
        io::ErrorKind::TimedOut => Failure::Timeout,
        _ => Failure::Other,
    }
}
