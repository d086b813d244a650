//! What the loop does for a connection: takes a request in, answers it or starts its answer, writes what is due.

use std::rc::Rc;

use super::clock;
use super::config::Flow;
use super::conn::{Active, Arrived, Conn, Fate, Flushed, MOST_UNSENT};
use super::endpoint::Endpoint;
use super::fault::{self, Kind};
use super::metrics;
use super::order::Order;
use super::poller::Ready;
use super::prefix::PrefixCache;
use super::reply::{Next, Reply};
use super::request;
use super::routes::{self, Answer, Route, Wish};
use super::server::{BATCH, Server};
use super::stats::{Counters, Moment};
use super::timers::Key;
use super::wire::{self, After, Head};

/// A body beyond this is refused.
const BODY_LIMIT: usize = 256 * 1024 * 1024;

impl Server {
    /// A socket is readable or writable.
    pub(super) fn ready(&mut self, event: &Ready) {
        let key = Key::unpack(event.key);
        if event.writable {
            self.write_on(key);
        }
        if event.readable {
            self.read(key);
        }
    }

    fn read(&mut self, key: Key) {
        let (mut buffer, mut control) = (std::mem::take(&mut self.buffer), std::mem::take(&mut self.control));
        let arrived = self.conn(key).map_or(Arrived::Nothing, |conn| conn.read(&mut buffer, &mut control));
        match arrived {
            Arrived::Bytes(count, stamp) => {
                let now = clock::now();
                let at = stamp.map_or(now, |stamp| self.tie.monotonic(stamp, now));
                self.take_in(key, &buffer[..count], at);
            }
            Arrived::Nothing => {}
            Arrived::Gone => self.drop_conn(key),
        }
        (self.buffer, self.control) = (buffer, control);
    }

    /// Adds bytes to a connection's request, and serves it when it is whole.
    fn take_in(&mut self, key: Key, bytes: &[u8], at: u64) {
        let Some(conn) = self.conn(key) else { return };
        conn.stamp = at;
        if conn.fate == Fate::Reset {
            conn.reset_on_close();
            return self.drop_conn(key);
        }
        if conn.input.is_empty() && conn.active.is_none() && conn.ending.is_none() {
            // Most requests come in one piece and are served where they were read.
            let used = self.serve_whole(key, bytes);
            if let Some(conn) = self.conn(key) {
                conn.input.extend_from_slice(&bytes[used..]);
            }
        } else {
            conn.input.extend_from_slice(bytes);
            self.serve_input(key);
        }
    }

    /// Serves what a connection has gathered.
    fn serve_input(&mut self, key: Key) {
        let Some(conn) = self.conn(key) else { return };
        if conn.input.len() < conn.needs.max(1) || conn.active.is_some() || conn.ending.is_some() {
            return;
        }
        let mut input = std::mem::take(&mut conn.input);
        let used = self.serve_whole(key, &input);
        if let Some(conn) = self.conn(key) {
            input.drain(..used);
            conn.input = input;
        }
    }

    /// Serves requests from `bytes` until one is incomplete or its answer takes time; returns how many bytes it used.
    fn serve_whole(&mut self, key: Key, bytes: &[u8]) -> usize {
        let mut used = 0;
        while let Some(len) = self.serve_one(key, &bytes[used..]) {
            used += len;
            match self.conn(key) {
                Some(conn) if conn.active.is_none() && conn.ending.is_none() && used < bytes.len() => {}
                _ => break,
            }
        }
        used
    }

    /// Serves one request if it is whole; returns its length.
    fn serve_one(&mut self, key: Key, bytes: &[u8]) -> Option<usize> {
        let head = match request::head(bytes) {
            Ok(head) => head?,
            Err(message) => {
                self.answer(key, &Answer::error(400, message), After::Close);
                return Some(bytes.len());
            }
        };
        let Some(body) = head.body.filter(|&len| len <= BODY_LIMIT) else {
            let status = if head.body.is_none() { 411 } else { 413 };
            self.answer(
                key,
                &Answer::error(status, "the body needs a `content-length` of at most 256 MiB"),
                After::Close,
            );
            return Some(bytes.len());
        };
        let len = head.len + body;
        let conn = self.conn(key)?;
        if bytes.len() < len {
            if head.expects && conn.needs == 0 {
                conn.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                conn.needs = len;
                self.write(key);
            } else {
                conn.needs = len;
                conn.input.reserve(len.saturating_sub(conn.input.len()));
            }
            return None;
        }
        conn.needs = 0;
        let after = if head.keep_alive { After::Keep } else { After::Close };
        match routes::route(&self.config, &mut self.tokens, &head, &bytes[head.len..len]) {
            Route::Generate(endpoint, order) => self.generate(key, endpoint, &order, after),
            Route::Answer(answer) => self.answer(key, &answer, after),
            Route::Wish(wish) => {
                let answer = self.fulfil(wish);
                self.answer(key, &answer, after);
            }
        }
        Some(len)
    }

    fn fulfil(&mut self, wish: Wish) -> Answer {
        match wish {
            Wish::Stats => return Answer::json(self.stats().to_string()),
            Wish::Metrics => return Answer::text(metrics::page(&self.config, &self.stats())),
            Wish::Reset => {
                self.counters = Counters::new();
                return Answer::json("{}".to_owned());
            }
            Wish::StartProfile => self.counters.profile_starts += 1,
            Wish::StopProfile => self.counters.profile_stops += 1,
            Wish::ResetPrefixCache => {
                self.counters.prefix_resets += 1;
                self.prefix.iter_mut().for_each(PrefixCache::clear);
            }
        }
        Answer::text(String::new())
    }

    /// Answers at once.
    fn answer(&mut self, key: Key, answer: &Answer, after: After) {
        let Some(conn) = self.conn(key) else { return };
        let head = Head { status: answer.status, kind: answer.kind, metadata: None, after };
        wire::answer(&mut conn.out, head, answer.body.as_bytes());
        conn.ending = Some(after);
        self.write(key);
    }

    /// Starts the answer to a generation request.
    fn generate(&mut self, key: Key, endpoint: Endpoint, order: &Order, after: After) {
        self.number += 1;
        self.counters.requests += 1;
        self.counters.prompt_tokens += u64::from(order.prompt_tokens);
        let faults: Rc<[Kind]> = fault::select(&self.config.faults, self.number, self.config.pace.seed).into();
        for kind in faults.iter() {
            match kind {
                Kind::Silent => return,
                Kind::Status(code) => {
                    let code = u16::try_from(*code).unwrap_or(500);
                    return self.answer(key, &Answer::error(code, "the simulator was told to refuse"), after);
                }
                _ => {}
            }
        }
        let prefill = order.prompt_tokens - self.cached(order);
        let script = self.script(endpoint, &faults);
        let mut reply = Reply::new(&self.config, script, order, self.number, faults);
        if after == After::Close {
            reply = reply.closing();
        }
        let draws = self.rhythm.draws(self.number);
        let Some(conn) = self.conn(key) else { return };
        let arrival = conn.stamp;
        conn.piece = reply.piece();
        reply.begin(&mut conn.out);
        let has_head = !conn.out.is_empty();
        conn.active = Some(Active { reply, draws, arrival, prefill, owed: 1 });
        if has_head {
            self.write(key);
        }
        self.wait_for_first(key, arrival);
    }

    /// How many tokens of the prompt the prefix cache has.
    fn cached(&mut self, order: &Order) -> u32 {
        let Some(prefix) = &mut self.prefix else { return 0 };
        let hits = prefix.look_up(&order.blocks, order.prompt_tokens);
        self.counters.prefix_queries += u64::from(order.prompt_tokens);
        self.counters.prefix_hits += u64::from(hits);
        hits
    }

    fn wait_for_first(&mut self, key: Key, arrival: u64) {
        let Some(conn) = Self::at(&mut self.slots, key) else { return };
        let Some(active) = &mut conn.active else { return };
        if let Some(batch) = &mut self.batch {
            batch.join(key, active.prefill);
            if let Some(end) = batch.begin(arrival) {
                self.timers.add(end, BATCH);
            }
            return;
        }
        let due = arrival + self.rhythm.first(&mut active.draws);
        // Nothing else that is due can be waiting if nothing is: spare it the way through the timers.
        if due <= arrival { self.due(key, due) } else { self.timers.add(due, key) }
    }

    /// The batching model's step has ended.
    pub(super) fn step(&mut self, deadline: u64) {
        let mut served = Vec::new();
        if let Some(batch) = &mut self.batch {
            batch.end(&mut served);
        }
        for key in served {
            let Some(active) = self.conn(key).and_then(|conn| conn.active.as_mut()) else { continue };
            // One that owes nothing waits for a time of its own, or stalls.
            active.owed = match active.owed {
                0 => continue,
                owed => owed - 1,
            };
            if active.owed == 0 {
                self.due(key, deadline);
            }
        }
        if let Some(end) = self.batch.as_mut().and_then(|batch| batch.begin(deadline)) {
            self.timers.add(end, BATCH);
        }
    }

    /// Writes what was due at `deadline`, and arranges what comes next.
    pub(super) fn due(&mut self, key: Key, deadline: u64) {
        let Some(conn) = Self::at(&mut self.slots, key) else { return };
        if conn.blocked && conn.out.len() > MOST_UNSENT {
            conn.held = Some(deadline);
            return;
        }
        let Some(active) = &mut conn.active else { return };
        let before = active.reply.sent();
        let moment = if before == 0 { Moment::First } else { Moment::Later };
        let (mut deadline, start) = (deadline, deadline);
        if moment == Moment::First {
            active.reply.first_after(start.saturating_sub(active.arrival));
        }
        let next = loop {
            let next = active.reply.advance(&mut conn.out);
            let (whole, full) = (active.reply.flow() == Flow::Whole, conn.out.len() > MOST_UNSENT);
            match next {
                Next::First | Next::Tokens(0) => {}
                Next::Tokens(_) | Next::After(_) | Next::Segment if whole && full => break Next::Segment,
                Next::Tokens(_) | Next::After(_) | Next::Segment if whole => {}
                Next::Tokens(count) if self.batch.is_some() => {
                    active.owed = count;
                    break next;
                }
                Next::Tokens(count) => {
                    deadline += self.rhythm.tokens(&mut active.draws, count);
                    if deadline > start || full {
                        break next;
                    }
                }
                Next::After(ns) => {
                    deadline += ns;
                    break next;
                }
                Next::Segment | Next::Done(_) | Next::Reset | Next::Stall => break next,
            }
        };
        self.counters.tokens += u64::from(active.reply.sent() - before);
        if !conn.out.is_empty() && !conn.blocked {
            self.counters.late(moment, clock::now().saturating_sub(start));
        }
        if let Next::Done(after) = next {
            conn.ending = Some(after);
        }
        self.write(key);
        self.arrange(key, next, deadline);
    }

    /// Arranges what an answer waits for.
    fn arrange(&mut self, key: Key, next: Next, deadline: u64) {
        match next {
            Next::Segment => self.due(key, deadline),
            Next::Tokens(_) if self.batch.is_some() => {}
            Next::Tokens(_) | Next::After(_) => self.timers.add(deadline, key),
            Next::Reset => {
                if let Some(conn) = self.conn(key) {
                    conn.reset_on_close();
                }
                self.counters.finished += 1;
                self.drop_conn(key);
            }
            Next::Done(_) => self.serve_input(key),
            Next::First | Next::Stall => {}
        }
    }

    /// The socket has room again.
    fn write_on(&mut self, key: Key) {
        let Some(conn) = Self::at(&mut self.slots, key) else { return };
        conn.blocked = false;
        if self.poller.heed_room(&conn.stream, key.pack(), false).is_err() {
            return self.drop_conn(key);
        }
        self.write(key);
        match self.conn(key).and_then(|conn| conn.held.take()) {
            Some(deadline) => self.due(key, deadline),
            None => self.serve_input(key),
        }
    }

    /// Writes what is to be written; an answer that is complete ends when all of it is with the kernel.
    fn write(&mut self, key: Key) {
        let Some(conn) = Self::at(&mut self.slots, key) else { return };
        if conn.blocked {
            return;
        }
        match conn.flush(&mut self.counters.writes) {
            Flushed::All => {
                if let Some(after) = conn.ending.take() {
                    self.finish(key, after);
                }
            }
            Flushed::Blocked => {
                self.counters.writes_blocked += 1;
                conn.blocked = true;
                if self.poller.heed_room(&conn.stream, key.pack(), true).is_err() {
                    self.drop_conn(key);
                }
            }
            Flushed::Gone => self.drop_conn(key),
        }
    }

    fn finish(&mut self, key: Key, after: After) {
        let Some(conn) = Self::at(&mut self.slots, key) else { return };
        conn.piece = usize::MAX;
        if conn.active.take().is_some() {
            self.counters.finished += 1;
            if let Some(batch) = &mut self.batch {
                batch.leave(key);
            }
        }
        if after == After::Close {
            self.drop_conn(key);
        }
    }

    /// The connection that `key` means: as [`Server::conn`], for when other parts of the server are in use.
    fn at(slots: &mut [super::server::Slot], key: Key) -> Option<&mut Conn> {
        let place = slots.get_mut(key.slot as usize)?;
        if place.generation == key.generation { place.conn.as_mut() } else { None }
    }
}
