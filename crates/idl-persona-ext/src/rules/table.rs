//! The rules: a table of patterns and how what follows them is read.

use crate::rules::reading::Reading;
use crate::rules::syntax::vocabulary;

/// What is said of a subject (`i`, `we`, `my mom`), and how its object is read.
/// The first rule that finds a fact wins, so the special stand above the
/// general. `am` stands for `is` and `are`, `was` for `were`.
pub(crate) const PREDICATES: &[(&str, Reading)] = &[
    // Likes and dislikes.
    ("* ~ am/was? ~ not ~ a? much? of? a? big/huge/real/great? fan of", Reading::Dislike),
    ("* ~ am? ~ not ~ into", Reading::Dislike),
    ("~ am ~ not ~ good/great at/with", Reading::Noun("weakness")),
    ("~ am ~ not", Reading::AmNot),
    ("* ~ can/could not ~ stand/tolerate/handle/bear", Reading::Dislike),
    ("* ~ not/never ~ like/enjoy/love/liked/enjoyed/loved", Reading::Dislike),
    ("* ~ not ~ care for", Reading::Dislike),
    ("* ~ have/can/could/would/will? ~ not/never ~ eat/eaten/ate", Reading::Noun("do_not_eat")),
    ("* ~ have/can/could/will? ~ not/never ~ drink/drank/drunk", Reading::Noun("do_not_drink")),
    ("~ can/could/would not/never ~ give/live/survive up/without", Reading::Like),
    ("* ~ love/enjoy/adore/prefer/dig", Reading::Like),
    ("* ~ like to", Reading::LikeTo),
    ("~ like", Reading::Like),
    ("~ have? ~ always ~ loved/liked/enjoyed", Reading::Like),
    ("~ have ~ loved/liked/enjoyed", Reading::Like),
    ("* ~ am? ~ a/an/such? a? ~ big/huge/avid/massive/total/die-hard? fan/lover of", Reading::Like),
    ("* ~ am? ~ more? into", Reading::Like),
    ("~ am ~ obsessed/fascinated with/by", Reading::Like),
    ("~ am ~ hooked/big on", Reading::Like),
    ("~ am ~ addicted/partial to", Reading::Like),
    ("~ am ~ fond of", Reading::Like),
    ("~ am ~ crazy/passionate about", Reading::Like),
    ("~ am ~ interested in", Reading::Like),
    ("~ am ~ scared/afraid/terrified/frightened of", Reading::Dislike),
    ("* ~ hate/dislike/despise/detest/loathe/fear", Reading::Dislike),
    (
        "~ spend ~ a/all/most/much/too? much/lot/bit/ton? of? all? of? my/the? ~ free/spare/extra? \
         time/days/weekends/money/summers/evenings/day? ~ on/with/in/at?",
        Reading::Like,
    ),
    ("~ avoid", Reading::Dislike),
    ("~ stay away from", Reading::Dislike),
    (
        "~ participate/participated/compete/competed/perform/dabble/invest ~ in",
        Reading::Noun("has_hobby"),
    ),
    (
        "~ make/sew/grow/brew/cook/write/bake/design ~ all? of? my/our ~ own?",
        Reading::Noun("has_hobby"),
    ),
    ("~ eat", Reading::Noun("like_food")),
    ("* ~ drink", Reading::Noun("like_drink")),
    ("~ listen/listening to", Reading::Noun("like_music")),
    ("~ watch", Reading::Noun("like_watching")),
    ("~ read", Reading::Noun("like_read")),
    ("* favorite", Reading::Favorite),
    ("* ~ collect/collecting", Reading::Noun("has_hobby")),
    ("* ~ play/played", Reading::Play),
    // Work and school.
    ("* ~ am? ~ work/working/employed ~ full/part? time? as", Reading::Profession),
    ("* ~ have? ~ was? ~ worked ~ full/part? time? as", Reading::Former),
    (
        "* ~ am/was? ~ work/working/employed ~ full/part? time? for/at/in/with/under",
        Reading::Employer,
    ),
    ("* ~ have? ~ was? ~ worked ~ full/part? time? for/at/in", Reading::Employer),
    ("~ work on", Reading::Employer),
    ("* ~ am? ~ work/working", Reading::Schedule),
    (
        "* ~ have/got/found/landed/started/work ~ a/an/my/two ~ full/part? time? new? job/gig/jobs/\
         internship/career/position ~ as",
        Reading::Profession,
    ),
    (
        "* ~ have/got/found/landed/started/work ~ a/an/my/two ~ full/part? time? new? job/gig/jobs/\
         internship/career/position ~ at/in/with/for",
        Reading::Employer,
    ),
    ("* ~ used/use to be/work as/at/for/in?", Reading::Former),
    ("* ~ used/use to", Reading::Action("used_to")),
    ("~ was ~ a/an", Reading::Former),
    ("~ became/become", Reading::Am),
    ("~ was", Reading::Former),
    (
        "~ am? ~ look/looking/applying for a/another? ~ new/second/full/part/higher/better? time/paying? \
         job/jobs/work/employment",
        Reading::Verb("job_status"),
    ),
    ("~ was/got ~ fired/laid from/off?", Reading::Verb("job_status")),
    ("~ have? quit/lost my ~ job", Reading::Verb("job_status")),
    ("~ retired", Reading::Verb("job_status")),
    ("~ serve/served/serving/enlisted/deployed ~ in/with/to?", Reading::Noun("member_of")),
    ("~ am ~ a? ~ member of", Reading::Noun("member_of")),
    ("~ belong to", Reading::Noun("member_of")),
    ("~ joined", Reading::Noun("member_of")),
    (
        "~ am? ~ want/wanted/plan/hope/hoping/going/studying/training/aspire/would? ~ \
         love/like/going? to be/become",
        Reading::Dream,
    ),
    ("~ am ~ studying/training/going/about/hoping/trying/planning to be/become", Reading::Dream),
    ("* ~ am? ~ teach/teaching/taught", Reading::Noun("teach")),
    ("* ~ am? ~ study/studying/studied/majoring/majored/major in?", Reading::Noun("has_degree")),
    ("~ am? ~ going/go to school for", Reading::Noun("has_degree")),
    (
        "~ am? ~ go/went/attend/attending/attended/take/taking/failing/started/finished to?",
        Reading::School,
    ),
    ("* ~ have? ~ graduate/graduated/graduating/dropped", Reading::Verb("school_status")),
    // Where.
    (
        "* ~ am/have? ~ live/living/lived/reside/stay/dwell ~ right/out/over/up/down/back/all? \
         in/near/on/at/by/over/under/around/with/outside/alone/between/above/next/close to?",
        Reading::Home,
    ),
    ("* ~ am? ~ live/living/lived ~ right/all? out/over/up/down/off", Reading::Home),
    ("* ~ am/come/came/hail ~ originally? from", Reading::Place("place_origin")),
    ("* originally from", Reading::Place("place_origin")),
    (
        "* ~ have? ~ moved/move/relocated ~ here/back/out/away? to/in/from",
        Reading::Place("place_origin"),
    ),
    ("* ~ was? ~ born/raised ~ and? raised? in/on/at/near/under", Reading::Born),
    ("* ~ grew/grow ~ up in/on/near/at", Reading::Place("place_origin")),
    ("* ~ grew/growing ~ up", Reading::Noun("other")),
    ("~ have ~ been/traveled/travelled ~ to/all/around/over", Reading::Noun("international_exp")),
    ("~ have ~ visited", Reading::Noun("international_exp")),
    // Belongings and people.
    ("* ~ not ~ have/own ~ any?", Reading::HaveNo),
    ("* ~ have/own/got no", Reading::HaveNo),
    ("~ can not get enough", Reading::Like),
    ("~ have ~ had", Reading::Have),
    ("~ have ~ never ~ had/owned", Reading::HaveNo),
    ("* no", Reading::HaveNoneOf),
    ("~ have ~ been", Reading::Been),
    ("~ have ~ never", Reading::Never),
    ("~ suffer/suffering/suffered ~ from", Reading::Noun("health_status")),
    ("~ was/am ~ diagnosed with", Reading::Noun("health_status")),
    ("* ~ have/own/got/bought/adopted/rescued/raise/breed/raising/own/keep ~ got?", Reading::Have),
    ("~ got/get/getting ~ married/divorced/engaged", Reading::Marriage),
    ("~ married", Reading::Marriage),
    ("~ am? ~ drive/driving/ride a/an/my/the", Reading::Noun("have_vehicle")),
    ("~ drive/ride", Reading::Have),
    ("~ tend to", Reading::Action("misc_attribute")),
    ("~ try to/and", Reading::Action("misc_attribute")),
    // Abilities and attributes.
    ("* ~ can? ~ speak", Reading::Noun("has_ability")),
    ("~ know how to", Reading::Noun("has_ability")),
    ("* ~ not ~ know how to", Reading::Noun("weakness")),
    ("~ can not", Reading::NotAble),
    ("~ can", Reading::Able),
    ("~ am ~ good/great/talented/skilled/amazing/excellent at/with", Reading::Noun("has_ability")),
    ("~ am ~ fluent in", Reading::Noun("has_ability")),
    ("~ am ~ bad/terrible/horrible/awful at/with", Reading::Noun("weakness")),
    ("~ am? ~ allergic to", Reading::Noun("health_status")),
    ("~ believe in", Reading::Noun("belief")),
    ("~ not ~ get along ~ with", Reading::Noun("fall_out")),
    ("~ get along ~ with", Reading::Noun("get_along")),
    ("~ am ~ close to/with", Reading::Noun("get_along")),
    ("~ get/wake ~ up ~ at/early/late/before", Reading::Verb("misc_attribute")),
    ("~ go to bed/sleep ~ at/early/late/before", Reading::Verb("misc_attribute")),
    (
        "~ have ~ owned/won/studied/written/published/built/designed/broken/lost/raised/served",
        Reading::Verb("misc_attribute"),
    ),
    ("* as a/an", Reading::AsA),
    ("~ weigh", Reading::Verb("physical_attribute")),
    ("~ wear/dyed/dye/wearing", Reading::Look),
    ("~ just? turned/turn/turning", Reading::Age),
    ("* ~ will/am ~ be/turning/turn", Reading::Age),
    ("~ am ~ called/named", Reading::Name),
    ("~ am ~ in/on", Reading::Within),
    ("* ~ am", Reading::Am),
    ("~ died/passed", Reading::Died),
    ("~ raised/won/own/founded/invented", Reading::Verb("other")),
    // Any other verb: a hobby or a habit.
    ("~ go ~", Reading::Go),
    ("* ~ not/never", Reading::NotDo),
    ("~", Reading::Habit),
    ("*", Reading::Answer),
];

/// What is said of something that `my` names.
pub(crate) const POSSESSIONS: &[(&str, Reading)] = &[
    ("name am", Reading::Name),
    ("~ least? favorite", Reading::Favorite),
    (
        "~ hobby/hobbies/pastime/pastimes/passion/vice/interests am/include/includes",
        Reading::Noun("has_hobby"),
    ),
    ("~ hobby/hobbies/pastime/pastimes/passion/pass/vice", Reading::Hobby),
    ("~ job/profession/occupation/career am/was? ~ as/being?", Reading::Profession),
    ("~ job am? ~ at/in/for", Reading::Employer),
    ("~ major/degree am/was? ~ in?", Reading::Noun("has_degree")),
    ("~ home/hometown am ~ in?", Reading::Home),
    ("~ dream/goal/dreams ~ am ~ to be/become", Reading::Dream),
    ("~ specialty/talent am", Reading::Noun("has_ability")),
    ("~ weakness/fear am", Reading::Noun("weakness")),
    ("~ birthday am ~ in/on?", Reading::Noun("has_age")),
    ("~ clients/patients/students/customers", Reading::Verb("other")),
];

/// Every word of every pattern, for the lexicon.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    PREDICATES.iter().chain(POSSESSIONS).flat_map(|(pattern, _)| vocabulary(pattern))
}
