use super::super::draw::Earlier;
use super::*;

const ONE: Prefixes = Prefixes { length: 0, count: 1 };

/// The last of several points of so many requests each, warm-ups not among them.
fn point(seed: u32, numbers: &[u32], lengths: (u32, u32), prefixes: Prefixes) -> Random {
    let (last, before) = numbers.split_last().unwrap();
    let earlier = before.iter().map(|&requests| Earlier { requests, paced: false }).collect();
    Random {
        draw: Draw { seed, earlier, number: *last, warmups: 0, offset: before.iter().sum() },
        shaping: Shaping {
            min_prompt_length: lengths.0,
            max_prompt_length: lengths.1,
            form: Form::Chat,
            max_tokens: (16, 16),
        },
        prefixes,
    }
}

fn samples(random: &Random) -> Vec<Sample> {
    let tokenizer = Tokenizer::builtin().unwrap();
    random.samples(&tokenizer, &mut Draws::new(0)).unwrap().iter.collect::<Result<_>>().unwrap()
}

fn texts(random: &Random) -> Vec<String> {
    let text = |sample: Sample| match sample.prompt {
        Prompt::Text(text) => text,
        other => panic!("{other:?}"),
    };
    samples(random).into_iter().map(text).collect()
}

#[test]
fn the_prompts_of_a_point_are_the_reference_s() {
    let random = point(7, &[3], (12, 12), ONE);
    assert_eq!(
        texts(&random),
        ["SystemWherecircfunctionjudlennature", " done argrawfordovelied speakCon comm", " Lnow more willment pocc }"]
    );
    let sample = &samples(&random)[0];
    assert_eq!((sample.input_tokens, sample.output_tokens), (12, 16), "the template counts too");
}

#[test]
fn later_points_go_on_where_earlier_ones_ended() {
    let wanted = ["pinpidpainrat", "those Bourghusableolence", "memory beginning honourdownsion"];
    assert_eq!(texts(&point(1, &[2, 3], (8, 16), ONE)), wanted);
    let wanted = ["blybjectghedpage Z tears", " floorgorkletteraring host force"];
    assert_eq!(texts(&point(1, &[2, 3, 2], (8, 16), ONE)), wanted);
}

#[test]
fn gaps_are_drawn_between_points_that_have_a_rate() {
    let mut random = point(3, &[2, 2], (10, 10), ONE);
    random.draw.earlier[0].paced = true;
    assert_eq!(texts(&random), ["cret degreeGER taste bits fond", " NorrisUnix12sitthan"]);
}

#[test]
fn prefixes_ranges_and_warm_ups_are_the_reference_s() {
    let mut random = point(3, &[2], (10, 20), Prefixes { length: 4, count: 1 });
    random.draw.warmups = 1;
    let wanted = [
        " QNoorn second beforeown ^ well <efered ‘isteroll littleathount like",
        " QNoorn secondgroupcret degreeGER taste bits fondppingthink”, callingprintf referailed",
        " QNoorn second neither NorrisUnix12sitt",
    ];
    assert_eq!(texts(&random), wanted);
    random.draw =
        Draw { seed: 3, earlier: vec![Earlier { requests: 3, paced: false }], number: 3, warmups: 1, offset: 2 };
    let wanted = [
        " creat topic drink applicationsizing Linuxiven jealouscomplcompare consolation entrance scrupleORT invaltrans",
        " creat topic drink applicationsmers cult laugh latteragain After",
        " creat topic drink applicationsUEbarhtpStablevationheld welasing",
        " creat topic drink applications hashteen charming internaluded smallest affordDBCONFIG Charlotte reported \
         yesterday concealgorith",
    ];
    assert_eq!(texts(&random), wanted);
}

#[test]
fn several_prefixes_are_taken_in_turn() {
    let two = Prefixes { length: 3, count: 2 };
    let wanted = [
        " CollinsThere deepacquaintanceRECURSIVEarsonage100Syn",
        " years pref formerly gra stay sett fourution",
        " CollinsThere deep youngMr instlie read",
        " years pref formerlyittle desful too did",
    ];
    assert_eq!(texts(&point(5, &[4], (9, 9), two)), wanted);
    let wanted = [
        " itself measrowid fortun estateIdxWhy Begin",
        "MaskwinFile ve linesett vain deeplive",
        " itself measrowid behaviour01NOMVALcertain",
    ];
    assert_eq!(texts(&point(5, &[4, 3], (9, 9), two)), wanted);
}

#[test]
fn a_prefix_that_is_there_already_counts_on() {
    let vocabulary = Vocabulary::whole(&Tokenizer::builtin().unwrap()).unwrap();
    let prefixes = Prefixes { length: 1, count: 67 }.draw(&vocabulary, &mut Legacy::new(1)).unwrap();
    assert_eq!(prefixes[66], [1343], "1342 was drawn again");
    let distinct: HashSet<_> = prefixes.iter().collect();
    assert_eq!(distinct.len(), 67);
    let mut ids = [7, 8191];
    count_on(&mut ids, &vocabulary);
    assert_eq!(ids, [8, 5]);
}

#[test]
fn token_ids_need_no_seeds_and_no_template() {
    let mut random = point(7, &[2, 2], (2, 5), Prefixes { length: 2, count: 1 });
    random.shaping.form = Form::Ids;
    let prompts: Vec<Prompt> = samples(&random).into_iter().map(|sample| sample.prompt).collect();
    assert_eq!(prompts, [vec![924, 5740, 7573, 7574], vec![924, 5740, 2591, 2592, 2593]].map(Prompt::Ids));
}

#[test]
fn output_lengths_are_drawn_from_their_range() {
    let mut random = point(7, &[2, 30], (12, 12), ONE);
    random.shaping.max_tokens = (4, 6);
    let outputs: HashSet<u32> = samples(&random).iter().map(|sample| sample.output_tokens).collect();
    assert_eq!(outputs, HashSet::from([4, 5, 6]));
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let why = |lengths, prefixes| match point(7, &[3], lengths, prefixes).samples(&tokenizer, &mut Draws::new(0)) {
        Err(error) => error.to_string(),
        Ok(_) => String::new(),
    };
    assert_eq!(why((5, 4), ONE), "prompts cannot have a length of 5 at least and 4 at most");
    let none = "a prompt of 4 tokens at most has none of its own: the chat template around it has 4";
    assert_eq!(why((0, 4), ONE), none);
    assert_eq!(
        why((0, 0), Prefixes { length: 0, count: 2 }).split(':').next(),
        Some("a prompt of 0 tokens at most has none of its own")
    );
    assert_eq!(why((9, 9), Prefixes { length: 0, count: 2 }), "there are no 2 different prefixes of 0 tokens");
    assert_eq!(why((9, 9), Prefixes { length: 3, count: 2 }), "");
}

/// What NumPy draws behind the prompts of two requests of 6 tokens.
#[test]
fn gaps_are_drawn_from_where_the_prompts_leave_the_generator() {
    let tokenizer = Tokenizer::builtin().unwrap();
    let plain = point(7, &[2], (6, 6), ONE);
    let random = Random { shaping: Shaping { form: Form::Text, ..plain.shaping }, ..plain };
    let mut draws = Draws::new(0);
    random.samples(&tokenizer, &mut draws).unwrap();
    let gaps = [draws.legacy.exponential(), draws.legacy.exponential()];
    let expected = [0.576_981_864_156_515_8, 1.285_418_526_820_810_7];
    assert!(gaps.iter().zip(expected).all(|(gap, want)| (gap - want).abs() < 1e-15), "{gaps:?}");
}
