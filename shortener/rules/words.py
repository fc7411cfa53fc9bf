"""Top-level domains that are ordinary words or file endings, as readable data.

A bare domain is guessed to be one. `day.so`, `ok.got`, `setup.py` look like domains and are none: people leave out the
space after a full stop, and files have endings. So in `careful` mode a bare domain with a top-level domain of these
lists needs `www.`, a path, a query or a port; a registry's second level before it (`co.in`, `com.my`) does as well.

What is on the list: words with which a sentence goes on after a full stop without a space, in the languages that
people write messages in; units and titles; endings of files that people name in messages. What is not: country codes
under which a country's companies send their own names in messages (`de`, `id`, `jp`, `tr`), though some are a word
somewhere, and names that are no word in any language (`xyz`, `biz`). A reader who misses one of these gets a link that
is not tracked and told so; a reader who finds one too many gets a sentence torn by a link, which is worse.
"""

from typing import Final

# Two letters: country codes that are words, most of them among the most frequent of their language.
SHORT_WORDS: Final = """
    ad ag ai al am as at au ba be bi by ca do et es er gg hm hr ht il im in io ir is it kg km la lb
    ma mc md me mg mh ml mm mo mp mr ms mu my na ne ni no nu om pa ph pm ps py re ro sa sc sd se sh
    si sm so sr st su sy td tm to tv ug us va vc vi wf ws ye za
"""

# Longer ones: generic top-level domains that are words of English or of another large language.
LONG_WORDS: Final = """
    able academy accountant accountants actor ads adult africa agency airforce amazon analytics android apartments
    app apple arab archi army art arte asia associates attorney auction audible audio author auto autos baby
    band bank bar bargains baseball basketball beats beauty beer best bet bible bid bike bingo bio black blackfriday
    blog blue boats bom bond boo book booking bot boutique box broadway broker brother build builders business buy
    buzz cab cafe cal call cam camera camp canon capetown capital car caravan cards care career careers cars casa
    case cash casino cat catering catholic center ceo channel charity chase chat cheap christmas chrome church circle
    citadel city claims cleaning click clinic clothing cloud club coach codes coffee college community
    company compare computer condos construction consulting contact contractors cooking cool country coupon coupons
    courses credit creditcard cricket crown cruise cruises dad dance data date dating day deal dealer deals degree
    delivery delta democrat dental dentist design dev diamonds diet digital direct directory discount discover dish
    docs doctor dog domains dot download drive earth eat eco education email energy engineer engineering enterprises
    equipment esq estate events exchange expert exposed express fail faith family fan fans farm farmers fashion fast
    feedback fidelity film final finance financial fire fish fishing fit fitness flights florist flowers fly foo food
    football forsale forum foundation fox free frontier fun fund furniture futbol gallery game games gap garden
    gay gent gift gifts gives giving glass global gold golf goo got graphics gratis green gripe grocery group
    guide guitars guru hair hangout haus health healthcare help here hiphop hockey holdings holiday homes horse
    hospital host hosting hot hotels house how ice imamat immo inc industries infiniti ink institute insurance
    insure int international intuit investments irish java jetzt jewelry jobs jot joy juegos juniper kaufen kids kim
    kitchen kiwi land lat latino law lawyer lease legal life lifestyle lighting like limited limo link
    living live loan loans locker lol love ltd luxe luxury maison makeup man management mango map market
    marketing markets med media meet melbourne meme memorial men menu mini mint mit mobile moda moe moi mom money
    monster mormon mortgage motorcycles mov movie museum music name natura navy network new news next nexus ngo ninja
    now obi observer office one ong onl online ooo open oracle orange organic origins page pars partners parts
    party pay pet pharmacy phd phone photo photography photos physio pics pictures pid pin ping pink pioneer pizza
    place play plumbing plus poker porn post press prime pro prod productions prof progressive promo properties
    property protection pub quest racing radio read realestate realtor realty recipes red rehab reise reisen reit
    reliance ren rent rentals repair report republican rest restaurant review reviews rich rip rocks rodeo room rsvp
    run safe safety sale salon save scholarships school schule science search seat secure security seek select
    services seven sew sex sexy sharp shell shia shoes shop shopping show silk sina singles site ski skin sky sling
    smart smile soccer social software solar solutions song soy spa space sport spot staples star statefarm storage
    store stream studio study style sucks supplies supply support surf surgery sydney systems tab talk target tattoo
    tax taxi team tech technology tel tennis theater theatre tickets tienda tips tires today tools top total tours
    town toys trade trading training travel trust tube tunes university uno vacations vegas ventures vet viajes video
    vig viking villas vin vip virgin visa vision viva vivo vote voting voto voyage wang watch watches weather website
    wed wedding whoswho wien wiki win windows wine winners work works world wow xin yachts yoga you yun zero zip zone
"""

# Endings of files: scripts, sources, libraries, archives, images, documents.
FILE_ENDINGS: Final = """
    ac ai am app bz cab cc cf cfd cpa dev do gdn in inc int io java la mk ml mm mo mov ms pl pm prof prod
    properties ps py rs sc sh so st tf vi zip md
"""

# What a country's registry puts before its code: `example.co.in` is a name, whatever `in` means.
SECOND_LEVEL: Final = "ac co com edu gen go gob gouv gov info ltd mil ne net nom or org plc sch web"

WORDLIKE: Final = frozenset((SHORT_WORDS + LONG_WORDS + FILE_ENDINGS).split())
REGISTRY_LEVELS: Final = frozenset(SECOND_LEVEL.split())
