"""Top-level domains that are also ordinary words, abbreviations, company names or file endings.

`day.so`, `ok.got`, `cancelled.MTN` and `setup.py` look like domains, but are not: people leave out the space after a
full stop, and files have endings. In `careful` mode, a bare domain with one of these endings needs `www.`, a path, a
query or a port. If an ending is here without need, a link is not tracked, and the answer says so; if one is missing, a
sentence is broken by a link, which is worse. So the lists are long for endings below which hardly anybody sends bare
domains, and short for those that whole countries use.
"""

from typing import Final

# Country codes that are words: all English ones, because chat in any language uses English, and those of other large
# languages if few companies use names below the code. Left out on purpose, although they are words somewhere:
# `ca co de es fr id pe ro se` and others that a country's companies use for their own names.
SHORT_WORDS: Final = """
    ad ag al am as at ba be bi by do er et hm ht il im in ir is it kg km la lb ma mc me mg mh ml mm mo mr ms
    mu my na ne ni no nu om pa pm ps re sa sc sd sh si sm so sr st su sy td tm to ug us va vc vi ye za
"""

# Country codes that are abbreviations in chat: take care, good night, but, call me, good, till ...
# Each of them occurs in published messages.
CHAT_SHORT: Final = """
    aw bn bt cm gd gn jo ki tc tl
"""

# Generic endings that begin or end sentences if people leave out a space: `tomorrow.call`, `work.today`. Endings that
# companies use for names (`online shop store site app link live support services top ...`) are not here: in chat they
# hardly ever follow a full stop in lower case.
LONG_WORDS: Final = """
    able baby best bet bid blue boo book booking bot buy call cam cards care cash cat chat cheap click contact cool dad
    dance date day deal diet docs dog dot earth eat esq fail fan fans fast film final fire fish fit fly foo food free
    frontier fun gay gift gives giving glass goo got green hair help here hot how ice ink int irish joy kids
    kim land lat life like lol love ltd luxe map meet meme memorial men menu moe mom money mov new next now
    obi one ong open ooo orange page party pay pet phd phone pid pin ping pink pizza place play poker post
    prime prof promo prod pub quest read red report rest rich rip room rsvp run safe save search seat secure seek
    select seven sew sex sexy silk sky smile soccer song soy spa spot star stream sucks surf talk target taxi tel
    tips today tours toys tube uno vet vin vote wang watch wed wedding whoswho win wine winners work works wow
    xxx yachts you yun zero zip
"""

# Endings of one company or city: messages contain these names far more often than domains below them.
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
    java md mk mo mov pl pm properties ps py rs sh so zip
"""

# Endings of files on web servers: `/Index2.Html` is a path, whatever its case.
WEB_FILES: Final = """
    action apk asp aspx avi bmp cgi cs css csv dll do doc docx exe gif htm html ico ics ipa jar java
    jpeg jpg js json jsp jspx md mp3 mp4 mov pdf php pl png ppt pptx ps py rar rb rss rtf sh svg swf
    tar tex tgz txt vcf wav webp wmv xhtml xls xlsx xml yaml yml zip
"""

# Labels between a company's name and an ending: `example.co.in` and `example.web.app` are names, whatever `in` and
# `app` mean.
SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "net", "org"})
SHARED_HOSTS: Final = "business.site gitlab.io netlify.app page.link pages.dev vercel.app web.app workers.dev"

# Abbreviations that are written with a full stop: `No.ID 12`, `Mr.CM`, `Ref.ID`.
ABBREVIATIONS: Final = """
    bpk code dept dr etc ext inc jl jln kode ltd mr mrs ms no nr pin prof pt pvt pvtltd ref rp rs sdr st tel vs yth
"""

# Names of things that look like domains below `com`, `net` or `org`, and are links only with a path.
THINGS: Final = "ado.net asp.net dot.com vb.net"

# Words of chat in several languages. Directly before a dot and a country's ending, they end a sentence:
# `done.cl` (call), `ok.tt` (that), `cepat.info`.
_CHAT: Final = """
    about after again against ah ahh almost already also although always am among an and andrew another ans any
    anytime are around as asap ask at ate away back bad bb bday be because bed been before better between big both
    boy bro bt btw busy but bye call came can cant care check class come coming cool cos could couldnt coz cya da
    day days dear did didnt dinner do does doing don done dont dot down dun dunno during each early eat eating else
    email end enough even ever every few fine first fri friday from fun gd get girl give go god going gone good got
    great gud had haha happy has hasnt have havent having he hehe hello help her here hey hi him his home hope how
    however hw if im in info into is it its itself jan jus just k kk know la lah last later least leh let life like
    lol long lor love luv macho made make man many may maybe mb me meet might miss mon more morning most much mum
    must my name nd need never next nice night nite no nobody nor not nothing now nvm nw of off oh ok okay okie old
    on one only onto open or other our ours out over own pa part pay perhaps pic please pls ppl quite r ready really
    right said same sat say school see send sent shall she should shouldnt sia since sir sis sleep so some somebody
    someone something sometimes soon sorry sth still stop such sun sure ta take talk tc tell than thank thanks that
    the their them then there they thing things this thks though through thx till time tired tml tmr tnx to today
    tom tomorrow tonite too true try tue txt u unless until up ur us very wait want was wat watch we wed week well
    went were what whatever when whenever where whether which while who whoever whose why will wish with within
    without work working world would wouldnt wow wrong x ya yah yeah year years yep yes yet you your yours yourself
    yr yup
    ada adalah aja aku anda apa atau bagi bisa buat cepat dan dapat dari dengan di dong dulu gan gratis hadiah hari ini
    itu iya jadi jangan juga kakak kalo kami kamu kan karena kirim klik lagi lebih mau nanti nih nomor pada pakai pulsa
    resmi saja sama saya sdh sebelum segera semua sih silakan sudah tahun terbatas terima tidak untuk utk yang yg yuk
    acele ama artik ayni bana ben beni bilgi bir biz bu bugun canim cok da degil detay diye evet gel gibi gore hadi
    hayir hemen hic icin ile iptal kac kadar kampanya lutfen merhaba nasil ne neden olsun selam sen sms sonra tamam
    tikla tiklayin ve veya yarin yok
    ahora amigo aqui asi bien buenos casa como con cuando cuenta dia esta este esto favor gracias hola hoy les luego
    manana mas mejor mi muy nada para pero por porque pues que quiero si siempre solo tambien tiempo todo tu un una ya
    aqui agora ate bem bom ele ela eu foi isso mais mas nao oi obrigado para pra sim tudo vc voce
    aber alles auf auch bei bin bis bitte da danke dann das dass der die doch du ein er euch ganz gut hab haus heute
    hier ich ihr ist ja jetzt kann kein klar komm mal mehr mein mit morgen nach nein nicht noch nur oder schon sehr sie
    sind so tag und uns viel von war was wenn wie wir wo zu
    alors aussi avec bien bon bonjour cest chez dans demain dit elle est et fait ici il je jour les mais merci moi mon
    non nous oui ou pas pour quand que quoi rien sa salut suis sur toi tout tres une va vous voila
    allora anche anni bene bravo buona casa che ciao come cosa cui dai del dove ecco ero fare fatto grazie ho io lei lo
    loro lui ma mio niente noi oggi ora per piu poi prego qui quando sei senza solo sono sta subito sul tanto tutto uno
    zijn dank dag dat deze een geen goed graag hallo het hier hoe jij kan maar meer mijn morgen naar niet nog nu ook
    straks toch van veel voor waar wat wel zo
"""

# Well-known domains whose name is such a word.
NAMES_THAT_ARE_WORDS: Final = "home.pl last.fm ok.ru"

# Mail providers: their bare name is the rest of an e-mail address that was torn or spelled out.
MAIL_PROVIDERS: Final = "gmail googlemail hotmail outlook rocketmail yahoo ymail"

# Schemes that are written without `//` and whose links may contain other links.
OTHER_SCHEMES: Final = """
    blob data feed geo intent jar javascript magnet mailto market mms mmsto sip skype sms smsto tel tg viber view-source
    whatsapp xmpp
"""

WORDLIKE: Final = frozenset((SHORT_WORDS + CHAT_SHORT + LONG_WORDS + COMPANY_NAMES + FILE_ENDINGS).split())
CHAT_WORDS: Final = frozenset(_CHAT.split())
