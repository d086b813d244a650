//! The languages of tables and advice: an English label comes in, its words in the language that was asked for go out. Keys of
//! files stay English.

use std::str::FromStr;

use crate::error::{Error, Result};

/// The language of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English, as the reference has it.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// Both of them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// The label in this language.
    pub(super) fn say(self, label: &'static str) -> &'static str {
        let chinese = || PAIRS.iter().find(|(english, _)| *english == label).map(|(_, chinese)| *chinese);
        match self {
            Lang::En => label,
            Lang::Zh => chinese().unwrap_or(label),
        }
    }
}

impl FromStr for Lang {
    type Err = Error;

    /// Reads a name.
    fn from_str(name: &str) -> Result<Self> {
        Lang::ALL.into_iter().find(|lang| lang.name() == name).ok_or_else(|| {
            Error::new(format!("unknown language `{name}`"))
                .hint(format!("use one of {}", Lang::ALL.map(Lang::name).join(", ")))
        })
    }
}

/// Every label in English and in Chinese.
#[rustfmt::skip]
static PAIRS: [(&str, &str); 117] = [
    // Headings.
    ("Benchmarking summary:", "压测汇总："),
    ("Percentile results:", "百分位结果："),
    ("Workload throughput", "负载吞吐量"),
    ("samples):", "个样本)："),
    ("Performance Test Summary Report", "性能测试汇总报告"),
    ("Embedding/Rerank Performance Test Summary", "向量/重排性能测试汇总报告"),
    ("Basic Information:", "基本信息："),
    ("Performance Overview", "性能概览"),
    ("Per-Request Metrics", "单请求指标"),
    ("Workload Throughput", "负载吞吐量"),
    ("Detailed Performance Metrics", "详细性能指标"),
    ("Best Performance Configuration", "最佳性能配置"),
    ("Performance Recommendations:", "性能建议："),
    // Basic information.
    ("Model", "模型"),
    ("Test Dataset", "测试数据集"),
    ("API Type", "接口类型"),
    ("Endpoint", "服务地址"),
    ("Total Generated", "生成总量"),
    ("Total Input Tokens", "输入总量"),
    ("Avg Output Rate", "平均输出速率"),
    ("Avg Input Rate", "平均输入速率"),
    ("Total Test Time", "测试总时长"),
    ("Output Path", "输出路径"),
    ("tokens", "tokens"),
    ("seconds", "秒"),
    ("tokens/sec", "tok/s"),
    ("tok/s", "tok/s"),
    ("s", "秒"),
    // One point.
    ("Metric", "指标"),
    ("Value", "数值"),
    ("── General ──", "── 概况 ──"),
    ("── Latency ──", "── 延迟 ──"),
    ("── Tokens ──", "── Token ──"),
    ("── Speculative Decoding ──", "── 投机解码 ──"),
    ("Test Duration (s)", "测试时长 (秒)"),
    ("Concurrency", "并发"),
    ("Request Rate (req/s)", "请求速率 (请求/秒)"),
    ("Total / Success / Failed", "总数 / 成功 / 失败"),
    ("Stream / Non-Stream", "流式 / 非流式"),
    ("Req Throughput (req/s)", "请求吞吐量 (请求/秒)"),
    ("Avg Latency (s)", "平均延迟 (秒)"),
    ("Avg TTFT (ms)", "平均首字延迟 TTFT (毫秒)"),
    ("Avg TPOT (ms)", "平均单 token 时间 TPOT (毫秒)"),
    ("Avg ITL (ms)", "平均 token 间隔 ITL (毫秒)"),
    ("Avg Input Tokens", "平均输入 token 数"),
    ("Avg Output Tokens", "平均输出 token 数"),
    ("Output Throughput (tok/s)", "输出吞吐量 (tok/s)"),
    ("Total Throughput (tok/s)", "总吞吐量 (tok/s)"),
    ("Input Throughput (tok/s)", "输入吞吐量 (tok/s)"),
    ("Avg Decoded Tok/Iter", "平均每步解码 token 数"),
    ("Spec. Accept Rate", "投机接受率"),
    ("Latency (s)", "延迟 (秒)"),
    ("TTFT (ms)", "首字延迟 TTFT (毫秒)"),
    ("ITL (ms)", "token 间隔 ITL (毫秒)"),
    ("TPOT (ms)", "单 token 时间 TPOT (毫秒)"),
    ("Input tokens", "输入 token 数"),
    ("Output tokens", "输出 token 数"),
    ("Input (tok/s)", "输入 (tok/s)"),
    ("Output (tok/s)", "输出 (tok/s)"),
    ("Total (tok/s)", "合计 (tok/s)"),
    ("Decode (tok/s)", "解码 (tok/s)"),
    ("min", "最小"),
    ("max", "最大"),
    ("avg", "平均"),
    ("Metric (tok/s)", "指标 (tok/s)"),
    ("Overall", "全程"),
    ("Last 30s", "最后 30 秒"),
    ("Steady (drop 20%)", "稳态 (去掉前 20%)"),
    ("Total Prompt tok/s", "输入合计"),
    ("New Prompt tok/s", "新计算的输入"),
    ("Cached Prompt tok/s", "命中缓存的输入"),
    ("Completion tok/s", "输出"),
    // Several points.
    ("Conc.", "并发"),
    ("Rate", "速率"),
    ("Num", "请求数"),
    ("Gen/s", "输出tok/s"),
    ("Success", "成功率"),
    ("Input Tokens", "输入 token 数"),
    ("Output Tokens", "输出 token 数"),
    ("Decode toks/s", "解码 (tok/s)"),
    ("Decoded Tok/Iter", "每步解码 token 数"),
    ("RPS", "请求/秒"),
    ("Avg Lat.(s)", "平均 延迟(秒)"),
    ("P99 Lat.(s)", "P99 延迟(秒)"),
    ("Gen. toks/s", "输出 tok/s"),
    ("Avg TTFT(s)", "平均 TTFT(秒)"),
    ("P99 TTFT(s)", "P99 TTFT(秒)"),
    ("Avg TPOT(s)", "平均 TPOT(秒)"),
    ("P99 TPOT(s)", "P99 TPOT(秒)"),
    ("Avg Inp.TPS", "平均 输入tok/s"),
    ("P99 Inp.TPS", "P99 输入tok/s"),
    ("Avg Inp.Tok", "平均 输入token"),
    ("Success Rate", "成功率"),
    ("Highest RPS", "最高请求吞吐"),
    ("Lowest Latency", "最低延迟"),
    ("req/sec", "请求/秒"),
    // The older versions' tables of one point.
    ("Key", "指标"),
    ("Percentiles", "百分位"),
    ("Time taken for tests (s)", "测试时长 (秒)"),
    ("Number of concurrency", "并发"),
    ("Request rate (req/s)", "请求速率 (请求/秒)"),
    ("Total requests", "请求数"),
    ("Succeed requests", "成功请求数"),
    ("Failed requests", "失败请求数"),
    ("Output token throughput (tok/s)", "输出吞吐量 (tok/s)"),
    ("Total token throughput (tok/s)", "总吞吐量 (tok/s)"),
    ("Input token throughput (tok/s)", "输入吞吐量 (tok/s)"),
    ("Request throughput (req/s)", "请求吞吐量 (请求/秒)"),
    ("Average latency (s)", "平均延迟 (秒)"),
    ("Average time to first token (s)", "平均首字延迟 TTFT (秒)"),
    ("Average time per output token (s)", "平均单 token 时间 TPOT (秒)"),
    ("Average inter-token latency (s)", "平均 token 间隔 ITL (秒)"),
    ("Average input tokens per request", "每请求平均输入 token 数"),
    ("Average output tokens per request", "每请求平均输出 token 数"),
    ("TTFT (s)", "首字延迟 TTFT (秒)"),
    ("ITL (s)", "token 间隔 ITL (秒)"),
    ("TPOT (s)", "单 token 时间 TPOT (秒)"),
];
