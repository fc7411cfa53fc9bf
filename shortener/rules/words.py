"""Top-level domains that say nothing: ordinary words, abbreviations, company names, file endings. Readable data.

A bare domain is a guess. `day.so`, `ok.got`, `cancelled.MTN`, `setup.py` look like domains and are none: people leave
out the space after a full stop, and files have endings. In `careful` mode a bare domain with an ending of these lists
needs `www.`, a path, a query or a port. Who misses a name here gets a link that is not tracked and is told so; one
too many gives a sentence torn by a link, which is worse. So the lists are long where hardly anybody sends bare
domains, and short where whole countries do.
"""

from typing import Final

# Country codes that are words. All that are English, because chat in any language is full of it, and words of other
# large languages where few companies send their names under the code. Left out on purpose, though they are words
# somewhere: `ca co de es fr id pe ro se` and others under which a country's companies send their own names.
SHORT_WORDS: Final = """
    ad ag al am as at ba be bi by do er et hm ht il im in ir is it kg km la lb ma mc me mg mh ml mm mo mr ms
    mu my na ne ni no nu om pa pm ps re sa sc sd sh si sm so sr st su sy td tm to ug us va vc vi ye za
"""

# Country codes that are abbreviations in chat: take care, good night, but, call me, good, till ...
CHAT_SHORT: Final = """
    aw bn bt cm gd gn jo ki sx tc tl
"""

# Generic endings that are words of English or of another large language.
LONG_WORDS: Final = """
    able academy accountant accountants actor ads adult africa agency airforce amazon analytics android
    apartments app apple arab archi army art arte asia associates attorney auction audible audio author auto
    autos baby band bank bar bargains baseball basketball beats beauty beer best bet bible bid bike bingo
    bio black blackfriday blog blue boats bom bond boo book booking bot boutique box broadway broker brother
    build builders business buy buzz cab cafe cal call cam camera camp canon capetown capital car caravan
    cards care career careers cars casa case cash casino cat catering catholic center ceo channel charity
    chase chat cheap christmas chrome church circle citadel city claims cleaning click clinic clothing cloud
    club coach codes coffee college community company compare computer condos construction consulting
    contact contractors cooking cool country coupon coupons courses credit creditcard cricket crown cruise
    cruises dad dance data date dating day deal dealer deals degree delivery delta democrat dental dentist
    design dev diamonds diet digital direct directory discount discover dish docs doctor dog domains dot
    download drive earth eat eco education email energy engineer engineering enterprises equipment esq
    estate events exchange expert exposed express fail faith family fan fans farm farmers fashion fast
    feedback fidelity film final finance financial fire fish fishing fit fitness flights florist flowers fly
    foo food football forsale forum foundation fox free frontier fun fund furniture futbol gallery game
    games gap garden gay gent gift gifts gives giving glass global gmbh gold golf goo got graphics gratis
    green gripe grocery group guide guitars guru hair hangout haus health healthcare help here hiphop hockey
    holdings holiday homes horse hospital host hosting hot hotels house how ice imamat immo inc industries
    infiniti ink institute insurance insure int international intuit investments irish java jetzt jewelry
    jobs jot joy juegos juniper kaufen kids kim kitchen kiwi land lat latino law lawyer lease legal lgbt
    life lifestyle lighting like limited limo link live living llc loan loans locker lol love ltd ltda luxe
    luxury maison makeup man management mango map market marketing markets med media meet melbourne meme
    memorial men menu mini mint mit mobile moda moe moi mom money monster mormon mortgage motorcycles mov
    movie museum music name natura navy network new news next nexus ngo ninja now obi observer office one
    ong onl online ooo open oracle orange organic origins page pars partners parts party pay pet pharmacy
    phd phone photo photography photos physio pics pictures pid pin ping pink pioneer pizza place play
    plumbing plus poker porn post press prime pro prod productions prof progressive promo properties
    property protection pub qpon quest racing radio read realestate realtor realty recipes red rehab reise
    reisen reit reliance ren rent rentals repair report republican rest restaurant review reviews rich rip
    rocks rodeo room rsvp run safe safety sale salon save scholarships school schule science search seat
    secure security seek select services seven sew sex sexy sharp shell shia shoes shop shopping show silk
    sina singles site ski skin sky sling smart smile soccer social software solar solutions song soy spa
    space sport spot staples star statefarm storage store stream studio study style sucks supplies supply
    support surf surgery sydney systems tab talk target tattoo tax taxi team tech technology tel tennis
    theater theatre tickets tienda tips tires today tools top total tours town toys trade trading training
    travel trust tube tunes university uno vacations vegas ventures vet viajes video vig viking villas vin
    vip virgin visa vision viva vivo vote voting voto voyage wang watch watches weather website wed wedding
    whoswho wien wiki win windows wine winners work works world wow xin xxx yachts yoga you yun zero zip
    zone
"""

# Endings that belong to one company or city: their names stand in messages far more often than domains under them.
# With the list before this is every generic ending but those that are no word and that many register under:
# `com net org edu gov mil info biz mobi xyz icu` and a few more.
COMPANY_NAMES: Final = """
    aaa aarp abb abbott abbvie abc abogado abudhabi accenture aco aeg aetna afl agakhan aig airbus airtel
    akdn alibaba alipay allfinanz allstate ally alsace alstom americanexpress americanfamily amex amfam
    amica amsterdam anquan anz aol aquarelle aramco asda athleta audi auspost aws axa azure baidu banamex
    barcelona barclaycard barclays barefoot bauhaus bayern bbc bbt bbva bcg bcn bentley berlin bestbuy
    bharti bing blockbuster bloomberg bms bmw bnpparibas boehringer bofa bosch bostik boston bradesco
    bridgestone brussels calvinklein capitalone cba cbn cbre cern cfa chanel chintai cipriani cisco citi
    citic clinique clubmed cologne commbank comsec corsica cpa creditunion crs cuisinella dabur datsun dclk
    dds dell deloitte desi dhl diy dnp dtv dubai dunlop dupont durban dvag dvr edeka emerck epson ericsson
    erni eurovision extraspace fage fairwinds fedex ferrari ferrero fido firestone firmdale flickr flir ford
    forex fresenius frogans ftr fujitsu fyi gallo gallup gbiz gdn gea genting george ggee gle globo gmail
    gmo gmx godaddy goldpoint goodyear goog google gop grainger gucci guge hamburg hbo hdfc hdfcbank
    helsinki hermes hisamitsu hitachi hiv hkt homedepot homegoods homesense honda hotmail hsbc hughes hyatt
    hyundai ibm icbc ieee ifm ikano imdb immobilien ing ipiranga ismaili ist istanbul itau itv jaguar jcb
    jeep jio jll jmp jnj joburg jpmorgan jprs kddi kerryhotels kerrylogistics kerryproperties kfh kia kindle
    koeln komatsu kosher kpmg kpn krd kred kuokgroup kyoto lacaixa lamborghini lamer lancaster landrover
    lanxess lasalle latrobe lds leclerc lefrak lego lexus lidl lifeinsurance lilly lincoln lipsy llp locus
    london lotte lotto lpl lplfinancial lundbeck madrid maif marriott marshalls mattel mba mckinsey merckmsd
    miami microsoft mitsubishi mlb mls mma monash moscow moto msd mtn mtr nab nagoya nba nec netbank netflix
    neustar nextdirect nfl nhk nico nike nikon nissan nissay nokia norton nowruz nowtv nra nrw ntt nyc
    okinawa olayan olayangroup ollo omega osaka otsuka ott ovh panasonic paris pccw pfizer philips pictet
    playstation pnc pohl politie pramerica praxi pru prudential pwc quebec redstone redumbrella rexroth
    richardli ricoh ril rio rogers rugby ruhr rwe ryukyu saarland sakura samsclub samsung sandvik
    sandvikcoromant sanofi sap sarl sas saxo sbi scb schaeffler schmidt schwarz sener sfr shangrila shaw
    shiksha shouji skype sncf softbank sohu sony srl stada statebank stc stcgroup stockholm suzuki swatch
    taipei taobao tatamotors tatar tci tdk temasek teva thd tiaa tirol tjmaxx tjx tkmaxx tmall tokyo toray
    toshiba toyota travelers travelersinsurance trv tui tushu tvs ubank ubs unicom uol ups vana vanguard
    verisign versicherung vlaanderen vodka volvo wales walmart walter wanggou weatherchannel webcam weber
    weibo weir williamhill wme wolterskluwer woodside wtc wtf xbox xerox xihuan yahoo yamaxun yandex
    yodobashi yokohama youtube zappos zara zuerich
"""

# Endings of files that people name in messages: scripts, libraries, archives, notes.
FILE_ENDINGS: Final = """
    am app do in inc int java la md mk ml mo mov ms pl pm prof properties ps py rs sc sh so st tf vi zip
"""

# What stands between a company's name and a country's code or a host's ending: `example.co.in`, `example.web.app` are
# names, whatever `in` and `app` mean.
SECOND_LEVEL: Final = "ac co com edu gob gov gv net org"
SHARED_HOSTS: Final = "business.site gitlab.io netlify.app page.link pages.dev vercel.app web.app workers.dev"

# Abbreviations that are written with a full stop: `No.ID 12`, `Mr.CM`, `Ref.ID`.
ABBREVIATIONS: Final = """
    bpk code dept dr etc ext inc jl jln kode ltd mr mrs ms no nr pin prof pt pvt pvtltd ref rp rs sdr st tel vs yth
"""

# Names of things that are written like domains under `com`, `net` or `org`, and are meant as such only with a path.
THINGS: Final = "ado.net asp.net vb.net"

# Mail providers: their bare name is what is left of an e-mail address that was torn or spelled out.
MAIL_PROVIDERS: Final = "gmail googlemail hotmail rocketmail yahoo ymail"

# What archives and gateways write in an e-mail address in place of the part that they hide: `USER.com`.
HIDDEN: Final = "USER"

WORDLIKE: Final = frozenset((SHORT_WORDS + CHAT_SHORT + LONG_WORDS + COMPANY_NAMES + FILE_ENDINGS).split())
