//! What we make of several points ourselves: their figures come in, plain sentences on one line go out. Where throughput stopped
//! growing, what to try next, and whether the points say so or were too short, failed, or measured the client.

use super::number::{short, short_or};
use super::{Lang, Row};

/// By this factor throughput has to grow to count as grown.
const GROWN: f64 = 1.05;

/// So many requests a place in flight leave little weight to the start and the end of a point.
const A_PLACE: u64 = 10;

/// Shorter points say little, in seconds.
const SHORT: f64 = 5.0;

/// This share of the usual time to the first output may be the client's own.
const OWN: f64 = 0.1;

/// What the points say, in whole sentences on one line; empty where there is no point.
pub fn advice(rows: &[Row], lang: Lang) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let said = [growth(rows, lang), failures(rows, lang), client(rows, lang), overload(rows, lang), length(rows, lang)];
    let gap = if lang == Lang::Zh { "" } else { " " };
    said.into_iter().flatten().collect::<Vec<_>>().join(gap)
}

/// The limit of requests in flight, or the rate where there is none; `None` where all were sent at once.
fn load(row: &Row) -> Option<f64> {
    row.concurrency.map(f64::from).or(row.rate)
}

/// What that is called in the middle of a sentence, with its value.
fn named(row: &Row, lang: Lang) -> String {
    match (row.concurrency, row.rate, lang) {
        (Some(limit), _, Lang::En) => format!("concurrency {limit}"),
        (Some(limit), _, Lang::Zh) => format!("并发 {limit}"),
        (None, Some(rate), Lang::En) => format!("rate {}", short(rate, 2)),
        (None, Some(rate), Lang::Zh) => format!("速率 {}", short(rate, 2)),
        (None, None, Lang::En) => "no limit".to_owned(),
        (None, None, Lang::Zh) => "不限并发".to_owned(),
    }
}

/// Several of them, under one name where they have one.
fn list(rows: &[&Row], lang: Lang) -> String {
    let comma = if lang == Lang::Zh { "、" } else { ", " };
    let rest = rows.iter().skip(1).map(|row| match row.concurrency {
        Some(limit) if rows[0].concurrency.is_some() => limit.to_string(),
        None if rows[0].concurrency.is_none() && row.rate.is_some() => short_or(row.rate, 2, ""),
        _ => named(row, lang),
    });
    rows.iter().take(1).map(|row| named(row, lang)).chain(rest).collect::<Vec<_>>().join(comma)
}

/// What is held against other points: output tokens a second, or requests where there are none, as 0 without a success.
fn throughput(row: &Row) -> f64 {
    row.output_throughput().or_else(|| row.requests()).unwrap_or(0.0)
}

/// Where throughput stopped growing, and what to try next.
fn growth(rows: &[Row], lang: Lang) -> Option<String> {
    let mut points: Vec<&Row> = rows.iter().filter(|row| load(row).is_some() && row.success > 0).collect();
    points.sort_by(|row, other| load(row).partial_cmp(&load(other)).unwrap_or(std::cmp::Ordering::Equal));
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return rows.iter().all(|row| row.success == 0).then(|| match lang {
            Lang::En => {
                "No request succeeded, so there is nothing to compare; see why requests failed first.".to_owned()
            }
            Lang::Zh => "没有请求成功，无从比较；请先查明请求失败的原因。".to_owned(),
        });
    };
    let next = short(load(last)? * 2.0, 2);
    if load(first) == load(last) {
        return Some(match lang {
            Lang::En => format!("A single load does not show where throughput stops growing; try {next} as well."),
            Lang::Zh => format!("单一负载看不出吞吐量在何处不再增长；请再试 {next}。"),
        });
    }
    // The first point that no later one exceeds by much.
    let most = |from: usize| points[from..].iter().map(|row| throughput(row)).fold(0.0, f64::max);
    let knee = (0..points.len()).find(|&at| most(at) < throughput(points[at]) * GROWN)?;
    let (at, speed) = (named(points[knee], lang), short(throughput(points[knee]), 2));
    let unit = match (points[knee].output.is_some(), lang) {
        (true, Lang::En) => "tok/s",
        (false, Lang::En) => "req/s",
        (true, Lang::Zh) => "tok/s",
        (false, Lang::Zh) => "请求/秒",
    };
    let below = knee.checked_sub(1).and_then(|below| load(points[below])).map(|load| short(load, 2));
    Some(match (knee + 1 == points.len(), below, lang) {
        (true, _, Lang::En) => format!("Throughput still grew at {at} ({speed} {unit}); try {next} next."),
        (true, _, Lang::Zh) => format!("吞吐量在{at} 处仍在增长（{speed} {unit}）；下一步请试 {next}。"),
        (_, Some(below), Lang::En) => {
            format!("Throughput stopped growing at {at} ({speed} {unit}); try values between {below} and that next.")
        }
        (_, Some(below), Lang::Zh) => {
            format!("吞吐量到{at} 后不再增长（{speed} {unit}）；下一步请在 {below} 与该值之间取值再试。")
        }
        (_, None, Lang::En) => {
            format!("Throughput did not grow beyond {at} ({speed} {unit}), the lowest load; try lower ones next.")
        }
        (_, None, Lang::Zh) => format!("吞吐量在最低负载（{at}，{speed} {unit}）之上没有增长；下一步请试更低的负载。"),
    })
}

/// Which points had failures, and of what kind.
fn failures(rows: &[Row], lang: Lang) -> Option<String> {
    let failed: Vec<&Row> = rows.iter().filter(|row| row.failed() > 0).collect();
    let worst = failed.iter().max_by_key(|row| row.failed())?;
    let share = |rows: &[&Row]| {
        let (failed, total) = rows.iter().fold((0, 0), |(f, t), row| (f + row.failed(), t + row.total));
        short(failed as f64 / total as f64 * 100.0, 1)
    };
    let (at, share) = (list(&failed, lang), share(&failed));
    let cause = worst.causes.first().map(|(cause, _)| *cause);
    Some(match (lang, cause) {
        (Lang::En, Some(cause)) => {
            format!(
                "At {at} {share}% of requests failed, mostly with {cause}: their figures are those of the successful ones."
            )
        }
        (Lang::En, None) => {
            format!("At {at} {share}% of requests failed: their figures are those of the successful ones.")
        }
        (Lang::Zh, Some(cause)) => format!("{at} 有 {share}% 的请求失败（主要是 {cause}）：指标只含成功的请求。"),
        (Lang::Zh, None) => format!("{at} 有 {share}% 的请求失败：指标只含成功的请求。"),
    })
}

/// Whether the client explains the figures.
fn client(rows: &[Row], lang: Lang) -> Option<String> {
    let late: Vec<&Row> = rows.iter().filter(|row| row.late.is_some_and(|late| late > OWN)).collect();
    let most = late.iter().filter_map(|row| row.late).reduce(f64::max)?;
    let (at, most) = (list(&late, lang), short(most * 100.0, 0));
    Some(match lang {
        Lang::En => format!(
            "At {at} this machine itself kept requests or answers waiting for up to {most}% of the usual time to the first output: use a faster or less busy one."
        ),
        Lang::Zh => {
            format!("{at} 时本机自身的等待达到通常首字延迟的 {most}%：请换用更快或更空闲的机器发压。")
        }
    })
}

/// Whether the server fell behind the rate.
fn overload(rows: &[Row], lang: Lang) -> Option<String> {
    let behind: Vec<&Row> = rows.iter().filter(|row| row.overloaded).collect();
    let at = (!behind.is_empty()).then(|| list(&behind, lang))?;
    Some(match lang {
        Lang::En => format!("At {at} the server fell behind: latencies there grow with the length of the run."),
        Lang::Zh => format!("{at} 时服务端跟不上请求速率：测得的延迟会随测试时长增长。"),
    })
}

/// Whether the points were long enough.
fn length(rows: &[Row], lang: Lang) -> Option<String> {
    let few = |row: &&Row| row.concurrency.is_some_and(|limit| row.total < A_PLACE * u64::from(limit));
    let brief = |row: &&Row| row.duration < SHORT;
    let short: Vec<&Row> = rows.iter().filter(|row| few(row) || brief(row)).collect();
    let at = (!short.is_empty()).then(|| list(&short, lang))?;
    Some(match lang {
        Lang::En => format!(
            "At {at} the test was too short to be sure: give each point at least {A_PLACE} requests a place in flight and {SHORT} s."
        ),
        Lang::Zh => format!("{at} 的测试太短，结论不够可靠：每个并发至少 {A_PLACE} 个请求，且不少于 {SHORT} 秒。"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{classic_row, sweep};
    use super::*;

    fn at(concurrency: u32, tokens: u64) -> Row {
        Row {
            concurrency: Some(concurrency),
            output_tokens: tokens,
            total: 5000,
            duration: 60.0,
            ..classic_row("classic_sweep_1")
        }
    }

    #[test]
    fn it_says_where_throughput_stopped_growing_and_what_to_try_next() {
        let row = |limit, tokens| Row { success: 5000, ..at(limit, tokens) };
        let grown = [row(1, 6000), row(8, 30_000), row(16, 60_000)];
        assert_eq!(advice(&grown, Lang::En), "Throughput still grew at concurrency 16 (1000 tok/s); try 32 next.");
        let knee = [row(1, 6000), row(8, 60_000), row(16, 61_000)];
        let said = "Throughput stopped growing at concurrency 8 (1000 tok/s); try values between 1 and that next.";
        assert_eq!(advice(&knee, Lang::En), said);
        let fallen = [row(8, 60_000), row(16, 50_000)];
        assert!(
            advice(&fallen, Lang::En).starts_with("Throughput did not grow beyond concurrency 8 (1000 tok/s), the")
        );
        let one = advice(&[row(8, 1)], Lang::En);
        assert_eq!(one, "A single load does not show where throughput stops growing; try 16 as well.");
        assert_eq!(advice(&[], Lang::En), "");
    }

    #[test]
    fn it_says_what_makes_the_points_doubtful() {
        let doubtful = Row {
            success: 4000,
            late: Some(0.4),
            overloaded: true,
            causes: vec![("http_status", 900), ("timeout", 100)],
            duration: 1.0,
            ..at(8, 1)
        };
        let said = advice(std::slice::from_ref(&doubtful), Lang::En);
        for part in [
            "At concurrency 8 20% of requests failed, mostly with http_status: ",
            "waiting for up to 40% of the usual time",
            "the server fell behind",
            "At concurrency 8 the test was too short to be sure",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let chinese = advice(&[doubtful], Lang::Zh);
        assert!(
            chinese.starts_with("单一负载") && chinese.contains("并发 8 有 20% 的请求失败（主要是 http_status）"),
            "{chinese}"
        );
        let failed = Row { success: 0, ..at(8, 0) };
        assert!(advice(&[failed], Lang::En).starts_with("No request succeeded"));
    }

    #[test]
    fn short_points_of_a_real_sweep_are_called_so() {
        let said = advice(&sweep("sweep", &["1", "10"]), Lang::En);
        assert!(said.starts_with("Throughput still grew at concurrency 10 (784.82 tok/s); try 20 next."), "{said}");
        assert!(said.ends_with("At concurrency 1, 10 the test was too short to be sure: give each point at least 10 requests a place in flight and 5 s."), "{said}");
    }
}
